/// \file
/// Storing a splat file with its hash and figures, against the parts alone: SHA-256, and a plain
/// write with fsync. One round measures each once, so that all see the same machine.

#include "media/ply_store.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "files/testing/temporary_folder.h"
#include "media/testing/splat_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace assay;

template <typename Body>
double milliseconds_of(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  const auto taken = std::chrono::steady_clock::now() - start;
  return std::chrono::duration<double, std::milli>(taken).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void require(bool is_done) {
  if (!is_done) std::exit(1);
}

}  // namespace

// Arguments: megabytes (35), rounds (15).
int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  const std::size_t megabytes = arguments.size() > 1 ? std::stoul(arguments[1]) : 35;
  const std::size_t num_rounds = arguments.size() > 2 ? std::stoul(arguments[2]) : 15;
  const std::string bytes = media::testing::random_splat_file(megabytes << 20U, 1);
  const files::testing::TemporaryFolder folder;
  auto& disk = files::posix_file_system();
  auto store = media::PlyStore::open(disk, folder.path());
  require(store.has_value());
  std::vector<double> hashes;
  std::vector<double> writes;
  std::vector<double> figures;
  std::vector<double> stores;
  for (std::size_t round = 0; round < num_rounds; ++round) {
    hashes.push_back(milliseconds_of([&] { crypto::sha256(bytes); }));
    writes.push_back(milliseconds_of([&] {
      const auto file = disk.open(folder.path() / "plain", files::OpenMode::kCreateNew);
      require(file && (*file)->append(as_bytes(bytes)) && (*file)->sync() &&
              disk.sync_folder(folder.path()));
    }));
    require(disk.remove(folder.path() / "plain").has_value());
    figures.push_back(milliseconds_of([&] { media::scan_gaussians(as_bytes(bytes)); }));
    std::filesystem::path stored_path;
    stores.push_back(milliseconds_of([&] {
      const auto stored = (*store)->store("bench", as_bytes(bytes));
      require(stored.has_value());
      stored_path = folder.path() / stored->pending_path;
    }));
    require(disk.remove(stored_path).has_value());
  }
  const double slower = std::max(median(hashes), median(writes));
  fmt::print(
      "{} MB, medians of {}: SHA-256 {:.1f} ms, write and fsync {:.1f} ms, figures {:.1f} ms, "
      "stored {:.1f} ms: {:.2f} of the slower\n",
      megabytes, num_rounds, median(hashes), median(writes), median(figures), median(stores),
      slower / median(stores));
  return 0;
}

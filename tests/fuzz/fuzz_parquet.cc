/// \file
/// Fuzzes Parquet footers and pages through the scan of the leaves that the audit reads: as a
/// whole, in part and within a time, which must agree.

#include "core/bytes.h"
#include "core/check.h"
#include "core/timestamp.h"
#include "files/byte_source.h"
#include "files/file_system.h"
#include "fuzz_target.h"
#include "tables/leaf_scan.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz_parquet {
namespace {

using assay::Result;
using assay::files::ByteSource;
using namespace assay::tables;

/// The input, as the one remote file.
class OneFile final : public RemoteSources {
 public:
  explicit OneFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::vector<RemoteObject>> list(std::string_view /*address*/) override {
    return std::vector<RemoteObject>();
  }
  Result<std::unique_ptr<ByteSource>> open(const std::string& address) override {
    return assay::files::memory_byte_source(address, bytes_);
  }

 private:
  std::string bytes_;
};

// More rows than any file of an input's size has by itself; its footer may say what it likes.
constexpr std::size_t kMostRows = 20'000;

const std::vector<std::string> kLeaves = {"miner_hotkey",
                                          "status",
                                          "response_payload.callback_metadata.has_image",
                                          "response_payload.image_uri",
                                          "created_at",
                                          "job_id"};

/// The value of a row as one number. Reads all of it, so that views beyond their bytes are found.
std::size_t digest(const LeafColumn& column, std::size_t row) {
  if (const auto text = column.text(row)) return 1 + std::hash<std::string_view>()(*text);
  if (const auto integer = column.integer(row)) return 1 + static_cast<std::size_t>(*integer);
  if (const auto boolean = column.boolean(row)) return *boolean ? 1 : 2;
  if (const auto instant = column.timestamp(row)) {
    return 1 + static_cast<std::size_t>(instant->time_since_epoch().count());
  }
  return 0;
}

/// Of each leaf, the digests by the number of the row in the data set; where a row was not read,
/// nothing.
using Digests = std::vector<std::map<std::uint64_t, std::size_t>>;

enum class Manner : std::uint8_t {
  kWhole,   // every leaf in every row
  kInPart,  // of some batches all rows, of some every other row, of some none
};

/// Nothing when the file or a page is refused.
std::optional<Digests> scan(const DatasetSources& sources, LeafScanOptions options, Manner manner) {
  options.leaves = kLeaves;
  options.num_workers = 1;
  options.max_page_size = assay::ByteCount(std::uint64_t{16} << 20);
  auto scan = LeafScan::open(sources, {{.address = "s3://fuzz/input.parquet", .constants = {}}},
                             std::move(options), std::stop_token());
  if (!scan) return std::nullopt;
  Digests digests(kLeaves.size());
  std::size_t num_rows = 0;
  std::size_t num_batches = 0;
  std::vector<std::uint32_t> rows;
  const auto on_batch = [&](std::size_t, LeafBatch& batch) -> assay::Status {
    num_rows += batch.num_rows();
    if (num_rows > kMostRows) return assay::exhausted("enough for one input");
    ++num_batches;
    for (std::size_t leaf = 0; leaf < kLeaves.size(); ++leaf) {
      const std::size_t choice = manner == Manner::kWhole ? 0 : (num_batches + leaf) % 4;
      if (choice == 3) continue;
      rows.clear();
      const std::uint32_t step = choice == 0 ? 1 : 2;
      for (std::uint32_t row = step - 1; row < batch.num_rows(); row += step) rows.push_back(row);
      const auto column = choice == 0 ? batch.column(leaf) : batch.column_at(leaf, rows);
      if (!column) return column.error();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        digests[leaf][batch.row_number(rows[i])] = digest(**column, i);
      }
    }
    return {};
  };
  if (!scan->run(on_batch, std::stop_token())) return std::nullopt;
  return digests;
}

void compare(const Digests& whole, const Digests& part) {
  for (std::size_t leaf = 0; leaf < whole.size(); ++leaf) {
    for (const auto& [row, value] : part[leaf]) {
      const auto found = whole[leaf].find(row);
      CHECK(found != whole[leaf].end() && found->second == value,
            "a value is the same however much is read with it");
    }
  }
}

}  // namespace

FUZZ_TARGET(parquet) {
  OneFile file(std::string(reinterpret_cast<const char*>(data), size));
  const DatasetSources sources{.file_system = &assay::files::posix_file_system(), .remote = &file};
  const auto whole = scan(sources, {}, Manner::kWhole);
  // Small batches go over the ends of pages, small reads over those of headers.
  const LeafScanOptions small{.batch_rows = 5, .remote_read_size = assay::ByteCount(64)};
  const auto part = scan(sources, small, Manner::kInPart);
  LeafScanOptions timed = small;
  timed.time = {.since = assay::Timestamp(std::chrono::sys_days(std::chrono::year(2025) / 10 / 27)),
                .until = assay::Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 11 / 1) +
                                          std::chrono::minutes(9))};
  const auto filtered = scan(sources, timed, Manner::kInPart);
  if (!whole) return 0;
  CHECK(part.has_value(), "what can be read as a whole can be read in part");
  compare(*whole, *part);
  if (filtered) compare(*whole, *filtered);
  return 0;
}

}  // namespace fuzz_parquet

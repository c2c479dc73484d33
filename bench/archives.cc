/// \file
/// What it costs to open a zip, and to read all that is in it on one thread.
///
///     bench_archives ZIP [ROUNDS]
///
/// Prints one JSON object: entries, the median and least milliseconds of opening it, and what one
/// pass over the entries that can be read took.

#include "archives/zip_reader.h"
#include "files/byte_source.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

using assay::archives::EntryVerdict;
using assay::archives::ZipReader;

double now_ms() {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  return Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

assay::Result<ZipReader> open_zip(const char* path) {
  ASSIGN_OR_RETURN(auto source,
                   assay::files::open_byte_source(assay::files::posix_file_system(), path));
  return ZipReader::open(std::move(source));
}

assay::Status run(const char* path, int num_rounds) {
  std::vector<double> open_ms;
  for (int round = 0; round < num_rounds; ++round) {
    const double start = now_ms();
    ASSIGN_OR_RETURN(const ZipReader zip, open_zip(path));
    open_ms.push_back(now_ms() - start);
  }
  std::ranges::sort(open_ms);

  ASSIGN_OR_RETURN(const ZipReader zip, open_zip(path));
  const double start = now_ms();
  std::size_t num_read = 0;
  std::uint64_t num_bytes = 0;
  std::vector<std::byte> buffer;
  for (const auto& entry : zip.entries()) {
    if (entry.verdict != EntryVerdict::kOk) continue;
    if (buffer.size() < entry.size.count()) buffer.resize(entry.size.count());
    ASSIGN_OR_RETURN(const EntryVerdict verdict,
                     zip.read(entry, std::span(buffer).first(entry.size.count())));
    if (verdict != EntryVerdict::kOk) continue;
    ++num_read;
    num_bytes += entry.size.count();
  }
  const double read_ms = now_ms() - start;
  fmt::print(R"({{"entries": {}, "open_ms": {:.2f}, "least_open_ms": {:.2f}, "read": {}, )"
             R"("read_mb": {:.1f}, "read_ms": {:.1f}}})"
             "\n",
             zip.entries().size(), open_ms[open_ms.size() / 2], open_ms.front(), num_read,
             static_cast<double>(num_bytes) / 1e6, read_ms);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_archives ZIP [ROUNDS]\n");
    return 2;
  }
  const int num_rounds = std::max(1, argc > 2 ? std::atoi(argv[2]) : 21);
  const assay::Status done = run(argv[1], num_rounds);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return 1;
}

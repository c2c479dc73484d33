/// \file
/// Fuzzes the zip reader: whatever the bytes say, an entry that can be read has its size and
/// checksum, lies within the archive, and is found by its path.

#include "archives/zip_reader.h"
#include "compress/inflate.h"
#include "core/check.h"
#include "files/byte_source.h"
#include "fuzz_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz_zip {
namespace {

using assay::archives::EntryVerdict;
using assay::archives::ZipEntry;
using assay::archives::ZipReader;

void check_entry(const ZipReader& zip, const ZipEntry& entry, std::size_t archive_size) {
  const ZipEntry* found = zip.find(entry.path);
  CHECK(found != nullptr && found->path == entry.path, "an entry is found by its path");
  if (entry.verdict != EntryVerdict::kOk) return;
  CHECK(!entry.path.empty() && entry.path.front() != '/', "a good path is relative");
  std::vector<std::byte> content(static_cast<std::size_t>(entry.size.count()));
  const auto verdict = zip.read(entry, content);
  CHECK(verdict.has_value(), "memory does not fail");
  if (*verdict != EntryVerdict::kOk) return;
  CHECK(assay::compress::crc32(content) == entry.crc32, "what is read has its checksum");
  const auto place = zip.place_of(entry);
  CHECK(place && place->verdict == EntryVerdict::kOk, "what is read has its place");
  CHECK(place->offset + entry.compressed_size.count() <= archive_size, "within the archive");
}

}  // namespace

FUZZ_TARGET(zip) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto zip =
      ZipReader::open(assay::files::memory_byte_source("fuzzed.zip", std::string(bytes)),
                      {.max_entry_size = assay::ByteCount(std::uint64_t{1} << 20)});
  if (!zip) return 0;
  const auto is_before = [](const ZipEntry& left, const ZipEntry& right) {
    return left.path < right.path;
  };
  CHECK(std::ranges::is_sorted(zip->entries(), is_before), "the entries are in order");
  for (const ZipEntry& entry : zip->entries()) check_entry(*zip, entry, size);
  return 0;
}

}  // namespace fuzz_zip

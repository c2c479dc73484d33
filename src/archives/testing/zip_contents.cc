#include "archives/testing/zip_contents.h"

#include "files/byte_source.h"

#include <span>

namespace assay::archives::testing {

Result<ZipReader> open_bytes(std::string bytes, const EntryLimits& limits) {
  return ZipReader::open(files::memory_byte_source("x.zip", std::move(bytes)), limits);
}

std::string content_of(const ZipReader& zip, const ZipEntry& entry) {
  if (entry.verdict != EntryVerdict::kOk) return "<" + std::string(to_string(entry.verdict)) + ">";
  std::string content(entry.size.count(), '#');
  const auto verdict = zip.read(entry, std::as_writable_bytes(std::span(content)));
  if (!verdict) return "error: " + verdict.error().message;
  return *verdict == EntryVerdict::kOk ? content : "<" + std::string(to_string(*verdict)) + ">";
}

Contents contents_of(const std::string& bytes, const EntryLimits& limits) {
  const auto zip = open_bytes(bytes, limits);
  if (!zip) return {{"error", zip.error().message}};
  Contents contents;
  for (const ZipEntry& entry : zip->entries()) {
    contents.emplace_back(entry.path, content_of(*zip, entry));
  }
  return contents;
}

std::string outcome_of(const ZipEntrySpec& spec, const EntryLimits& limits) {
  return contents_of(ZipBuilder().add(spec).finish(), limits).front().second;
}

std::string long_text() {
  std::string text;
  for (int k = 0; k < 3000; ++k) text += std::to_string(k * k) + ' ';
  return text;
}

}  // namespace assay::archives::testing

#include "crypto/digest.h"
#include "history/record_line_internal.h"
#include "json/value.h"

#include <algorithm>
#include <cstring>

namespace assay::history {

RecordLine read_record_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  const auto record = json::parse(line);
  if (!record || record->object() == nullptr) return {.kind = LineKind::kUnreadable, .time = {}};
  RecordLine result{.kind = LineKind::kRecord, .time = {}};
  const json::Value* metadata = record->find("metadata");
  const json::Value* text = metadata == nullptr ? nullptr : metadata->find("timestamp");
  if (text == nullptr || text->text() == nullptr) return result;
  if (const auto time = parse_timestamp(*text->text())) result.time = *time;
  return result;
}

LineHash hash_of_line(std::string_view line) {
  const Sha256 digest = crypto::sha256(line);
  LineHash hash;
  std::ranges::copy(std::span(digest.bytes()).first(hash.bytes.size()), hash.bytes.begin());
  return hash;
}

std::size_t LineHashHash::operator()(const LineHash& hash) const {
  std::size_t value = 0;
  std::memcpy(&value, hash.bytes.data(), sizeof value);
  return value;
}

}  // namespace assay::history

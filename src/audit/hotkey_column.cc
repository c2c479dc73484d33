#include "audit/hotkey_column.h"

#include "audit/image_rule.h"
#include "core/bytes.h"
#include "core/hex.h"

#include <fmt/format.h>

#include <cstdint>

namespace assay::audit {

namespace {

// The length of the well-formed sequence at the start of `bytes`; 0 when there is none.
std::size_t sequence_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    // Neither overlong forms nor surrogates.
    const bool is_allowed =
        (first != 0xE0 || byte(1) >= 0xA0) && (first != 0xED || byte(1) <= 0x9F);
    return is_allowed && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool is_allowed =
        (first != 0xF0 || byte(1) >= 0x90) && (first != 0xF4 || byte(1) <= 0x8F);
    return is_allowed && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

Status check_hotkey_type(const tables::LeafInfo& info) {
  switch (info.kind) {
    case tables::LeafKind::kAbsent:
    case tables::LeafKind::kText:
    case tables::LeafKind::kBinary:
    case tables::LeafKind::kInteger:
      return {};
    default:
      return invalid_input(fmt::format("it is of type {}; text, binary or integer is needed",
                                       info.type.empty() ? to_string(info.kind) : info.type));
  }
}

std::optional<std::string_view> hotkey_of(tables::LeafKind kind, std::string_view value,
                                          std::string& scratch) {
  if (value.empty()) return kUnknownHotkey;
  if (is_utf8(value)) return value;
  if (kind != tables::LeafKind::kBinary) return std::nullopt;
  scratch = to_hex(as_bytes(value));
  return scratch;
}

Result<std::string_view> hotkey_in(const tables::LeafColumn& column, const tables::LeafInfo& info,
                                   std::size_t row, std::string& scratch) {
  if (const auto text = column.text(row)) {
    const auto hotkey = hotkey_of(column.kind, *text, scratch);
    if (!hotkey) return invalid_input("the text is not UTF-8");
    return *hotkey;
  }
  if (const auto integer = column.integer(row); integer && *integer != 0) {
    scratch = info.is_unsigned ? fmt::to_string(static_cast<std::uint64_t>(*integer))
                               : fmt::to_string(*integer);
    return scratch;
  }
  return kUnknownHotkey;
}

}  // namespace assay::audit

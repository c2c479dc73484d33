#include "audit/hotkey_column.h"

#include "audit/image_rule.h"
#include "core/bytes.h"
#include "core/hex.h"
#include "core/utf8.h"

#include <fmt/format.h>

#include <cstdint>

namespace assay::audit {

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

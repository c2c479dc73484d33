/// \file
/// What is UTF-8 (RFC 3629): no form longer than needed, no surrogate, at most U+10FFFF.

#pragma once

#include <cstddef>
#include <string_view>

namespace assay {

/// The bytes of the character that `text` begins with; 0 when it begins with none, or is empty.
std::size_t utf8_length(std::string_view text);

/// Whether all of `text` is characters.
bool is_utf8(std::string_view text);

/// What editors on Windows put first.
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// The text behind the mark, if it begins with one.
constexpr std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

}  // namespace assay

/// \file
/// Escapes in JSON strings, lone surrogates among them, and code points in UTF-8.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::json {

struct Escape {
  std::size_t length = 0;  ///< Bytes of the escape, both halves of a pair; 0: none that JSON knows.
  std::uint32_t code_point = 0;
  bool is_lone_surrogate = false;
};

/// The escape at the beginning of `text`, which begins with a backslash and ends where the string
/// does, or later.
Escape read_escape(std::string_view text);

/// A surrogate becomes the three bytes of its code point.
void append_utf8(std::string& text, std::uint32_t code_point);

/// What stands between the quotes, decoded, at the end of `decoded`.
struct UnescapeOutcome {
  bool is_valid = true;  ///< No escape that JSON does not know; else decoded up to the first.
  bool has_lone_surrogate = false;
};
UnescapeOutcome append_unescaped(std::string& decoded, std::string_view body);

}  // namespace assay::json

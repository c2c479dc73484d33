#include "core/json_text.h"

#include <cstddef>

namespace assay {
namespace {

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

/// The length of the UTF-8 character at the start of `text` (which is not ASCII), or 0 when it is
/// not well formed: too long a form, a surrogate, above U+10FFFF, or cut off.
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const auto second = text.size() > 1 ? static_cast<unsigned char>(text[1]) : 0U;
  std::size_t size = 0;
  if (first >= 0xc2 && first <= 0xdf) size = 2;
  if ((first & 0xf0U) == 0xe0) size = 3;
  if (first >= 0xf0 && first <= 0xf4) size = 4;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const bool too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool too_high = first == 0xf4 && second > 0x8f;
  return too_long || surrogate || too_high ? 0 : size;
}

void append_escape(std::string& json, char character) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (character) {
    case '"':
      json += "\\\"";
      return;
    case '\\':
      json += "\\\\";
      return;
    case '\n':
      json += "\\n";
      return;
    case '\r':
      json += "\\r";
      return;
    case '\t':
      json += "\\t";
      return;
    default:
      json += "\\u00";
      json += kDigits[static_cast<unsigned char>(character) >> 4U];
      json += kDigits[static_cast<unsigned char>(character) & 15U];
  }
}

}  // namespace

void append_json_string(std::string& json, std::string_view text) {
  json += '"';
  std::size_t plain = 0;  // where the run that needs no escape began
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_ascii = byte < 0x80;
    if (is_ascii && byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f) {
      ++i;
      continue;
    }
    const std::size_t size = is_ascii ? 0 : character_size(text.substr(i));
    if (size > 0) {
      i += size;
      continue;
    }
    json += text.substr(plain, i - plain);
    if (is_ascii) {
      append_escape(json, text[i]);
    } else {
      json += kReplacementCharacter;
    }
    plain = ++i;
  }
  json += text.substr(plain);
  json += '"';
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const bool is_ascii = static_cast<unsigned char>(text[0]) < 0x80;
    const std::size_t size = is_ascii ? 1 : character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace assay

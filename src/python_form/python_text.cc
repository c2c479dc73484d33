#include "python_form/python_text_internal.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace assay::python_form {
namespace {

// The zeros of Unicode 14's decimal digits (general category Nd) beyond ASCII: from each, ten
// characters mean 0 to 9.
constexpr std::array<char32_t, 65> kZeros{
    0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,
    0xCE6,   0xD66,   0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,
    0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
    0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

bool is_wide_blank(char32_t character) {
  return character == 0x85 || character == 0xA0 || character == 0x1680 ||
         (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
         character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

bool is_ascii_blank(char character) {
  return character == ' ' || (character >= '\t' && character <= '\r');
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// Of the UTF-8 character that begins so. Pre: it is beyond ASCII.
std::size_t character_length(unsigned char lead) {
  if (lead >= 0xF0) return 4;
  return lead >= 0xE0 ? 3 : 2;
}

/// The ASCII character that stands for this one; nothing when none does.
std::optional<char> as_ascii(char32_t character) {
  if (is_wide_blank(character)) return ' ';
  const auto* const after = std::ranges::upper_bound(kZeros, character);
  if (after == kZeros.begin()) return std::nullopt;
  const char32_t digit = character - *(after - 1);
  if (digit > 9) return std::nullopt;
  return static_cast<char>('0' + digit);
}

}  // namespace

std::optional<std::string> to_number_text(std::string_view utf8) {
  std::string text;
  text.reserve(utf8.size());
  for (std::size_t position = 0; position < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[position]);
    if (lead < 0x80) {
      text.push_back(utf8[position++]);
      continue;
    }
    const std::size_t length = character_length(lead);
    if (lead < 0xC2 || position + length > utf8.size()) return std::nullopt;
    char32_t character = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      character = (character << 6) | (static_cast<unsigned char>(utf8[position + i]) & 0x3FU);
    }
    const std::optional<char> ascii = as_ascii(character);
    if (!ascii) return std::nullopt;
    text.push_back(*ascii);
    position += length;
  }
  const auto first = std::ranges::find_if_not(text, is_ascii_blank);
  text.erase(text.begin(), first);
  while (!text.empty() && is_ascii_blank(text.back())) text.pop_back();
  return text;
}

std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain.push_back(text[i]);
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return plain;
}

}  // namespace assay::python_form

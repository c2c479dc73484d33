#include "json/escape.h"

#include <optional>

namespace assay::json {
namespace {

constexpr std::uint32_t kFirstHighSurrogate = 0xd800;
constexpr std::uint32_t kFirstLowSurrogate = 0xdc00;
constexpr std::uint32_t kLastLowSurrogate = 0xdfff;
constexpr std::size_t kUnicodeEscapeLength = 6;  // of \uXXXX

std::optional<std::uint32_t> hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return std::nullopt;
}

/// The value of the \uXXXX that `text` begins with.
std::optional<std::uint32_t> unicode_escape(std::string_view text) {
  if (text.size() < kUnicodeEscapeLength || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  std::uint32_t value = 0;
  for (const char character : text.substr(2, 4)) {
    const auto digit = hex_digit(character);
    if (!digit) return std::nullopt;
    value = value * 16 + *digit;
  }
  return value;
}

Escape read_unicode_escape(std::string_view text) {
  const auto first = unicode_escape(text);
  if (!first) return {};
  if (*first < kFirstHighSurrogate || *first > kLastLowSurrogate) {
    return {.length = kUnicodeEscapeLength, .code_point = *first};
  }
  if (*first < kFirstLowSurrogate) {
    const auto second = unicode_escape(text.substr(kUnicodeEscapeLength));
    if (second && *second >= kFirstLowSurrogate && *second <= kLastLowSurrogate) {
      return {.length = 2 * kUnicodeEscapeLength,
              .code_point = 0x10000 + ((*first - kFirstHighSurrogate) << 10) +
                            (*second - kFirstLowSurrogate)};
    }
  }
  return {.length = kUnicodeEscapeLength, .code_point = *first, .is_lone_surrogate = true};
}

}  // namespace

Escape read_escape(std::string_view text) {
  if (text.size() < 2) return {};
  switch (text[1]) {
    case '"':
    case '\\':
    case '/':
      return {.length = 2, .code_point = static_cast<unsigned char>(text[1])};
    case 'b':
      return {.length = 2, .code_point = '\b'};
    case 'f':
      return {.length = 2, .code_point = '\f'};
    case 'n':
      return {.length = 2, .code_point = '\n'};
    case 'r':
      return {.length = 2, .code_point = '\r'};
    case 't':
      return {.length = 2, .code_point = '\t'};
    case 'u':
      return read_unicode_escape(text);
    default:
      return {};
  }
}

void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto last_bits = [&](unsigned shift) {
    text.push_back(static_cast<char>(0x80U | ((code_point >> shift) & 0x3fU)));
  };
  if (code_point < 0x80) {
    text.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    text.push_back(static_cast<char>(0xc0U | (code_point >> 6)));
    last_bits(0);
  } else if (code_point < 0x10000) {
    text.push_back(static_cast<char>(0xe0U | (code_point >> 12)));
    last_bits(6);
    last_bits(0);
  } else {
    text.push_back(static_cast<char>(0xf0U | (code_point >> 18)));
    last_bits(12);
    last_bits(6);
    last_bits(0);
  }
}

UnescapeOutcome append_unescaped(std::string& decoded, std::string_view body) {
  UnescapeOutcome outcome;
  while (true) {
    const std::size_t backslash = body.find('\\');
    decoded.append(body.substr(0, backslash));
    if (backslash == std::string_view::npos) return outcome;
    body.remove_prefix(backslash);
    const Escape escape = read_escape(body);
    if (escape.length == 0) {
      outcome.is_valid = false;
      return outcome;
    }
    outcome.has_lone_surrogate |= escape.is_lone_surrogate;
    append_utf8(decoded, escape.code_point);
    body.remove_prefix(escape.length);
  }
}

}  // namespace assay::json

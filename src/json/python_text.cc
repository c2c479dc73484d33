#include "json/python_text.h"

#include "core/check.h"
#include "json/plain_text.h"
#include "json/python_dumps_scan_internal.h"
#include "json/python_repr.h"
#include "json/python_syntax_internal.h"
#include "json/text_step_internal.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace assay::json {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

struct CodePoint {
  std::uint32_t value = kReplacement;
  std::size_t length = 1;
};

/// The code point that `text` begins with; surrogates count as ones of three bytes.
CodePoint first_code_point(std::string_view text) {
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  if (lead >= 0xc2 && lead < 0xe0) length = 2;
  if (lead >= 0xe0 && lead < 0xf0) length = 3;
  if (lead >= 0xf0 && lead < 0xf5) length = 4;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t value = lead & (0xffU >> (length + 1));
  for (const char character : text.substr(1, length - 1)) {
    const auto byte = static_cast<unsigned char>(character);
    if ((byte & 0xc0U) != 0x80) return {};
    value = (value << 6) | (byte & 0x3fU);
  }
  if (value < kSmallest[length] || value > 0x10ffff) return {};
  return {value, length};
}

void append_escaped(std::string& json, std::uint32_t code_point) {
  switch (code_point) {
    case '"':
      json += "\\\"";
      return;
    case '\\':
      json += "\\\\";
      return;
    case '\b':
      json += "\\b";
      return;
    case '\f':
      json += "\\f";
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
      break;
  }
  if (code_point >= 0x10000) {
    const std::uint32_t offset = code_point - 0x10000;
    fmt::format_to(std::back_inserter(json), "\\u{:04x}\\u{:04x}", 0xd800 + (offset >> 10),
                   0xdc00 + (offset & 0x3ffU));
  } else {
    fmt::format_to(std::back_inserter(json), "\\u{:04x}", code_point);
  }
}

bool is_plain(char character) {
  return character >= ' ' && character <= '~' && character != '"' && character != '\\';
}

void append_scalar(std::string& json, const SyntaxValue& value) {
  switch (value.scalar) {
    case ScalarKind::kInteger:
      json += value.raw == "-0" ? "0" : value.raw;
      return;
    case ScalarKind::kReal: {
      const double number = number_of(value.raw);
      if (!std::isinf(number)) {
        json += python_repr(number);
      } else {
        json += number < 0 ? "-Infinity" : "Infinity";
      }
      return;
    }
    default:
      json += value.raw;
  }
}

void append_value(std::string& json, const SyntaxValue& value) {
  std::string_view separator;
  switch (value.kind) {
    case SyntaxValue::Kind::kScalar:
      append_scalar(json, value);
      return;
    case SyntaxValue::Kind::kText:
      append_python_string(json, value.text);
      return;
    case SyntaxValue::Kind::kList:
      json += '[';
      for (const SyntaxValue& item : value.items) {
        json += separator;
        append_value(json, item);
        separator = ", ";
      }
      json += ']';
      return;
    case SyntaxValue::Kind::kObject:
      json += '{';
      for (const SyntaxValue& member : value.members) {
        json += separator;
        append_python_string(json, member.name);
        json += ": ";
        append_value(json, member);
        separator = ", ";
      }
      json += '}';
      return;
  }
}

}  // namespace

std::size_t plain_length(std::string_view text) {
  constexpr char kDelete = 0x7f;
  std::size_t length = 0;
  for (; length + kTextStep <= text.size(); length += kTextStep) {
    const char* at = text.data() + length;
    const std::uint32_t is_special = special_bits(at) | equal_bits(at, kDelete);
    if (is_special != 0) return length + static_cast<std::size_t>(std::countr_zero(is_special));
  }
  while (length < text.size() && is_plain(text[length])) ++length;
  return length;
}

Result<std::string> python_dumps(std::string_view text) {
  if (is_python_dumps(text)) return std::string(text);
  ASSIGN_OR_RETURN(const SyntaxValue value, read_python_json(text));
  std::string json;
  json.reserve(text.size());
  append_value(json, value);
  return json;
}

void append_python_string(std::string& json, std::string_view text) {
  json += '"';
  while (!text.empty()) {
    const std::size_t num_plain = plain_length(text);
    json += text.substr(0, num_plain);
    text.remove_prefix(num_plain);
    if (text.empty()) break;
    const CodePoint next = first_code_point(text);
    append_escaped(json, next.value);
    text.remove_prefix(next.length);
  }
  json += '"';
}

double python_round(double value, int num_decimals) {
  // No double has a digit other than 0 behind so many places that this bound would cut.
  constexpr int kMaxDecimals = 323;
  constexpr std::size_t kMaxWholeDigits = 310;
  CHECK(num_decimals >= 0, "rounding to tens and hundreds is nobody's need");
  if (!std::isfinite(value) || num_decimals > kMaxDecimals) return value;
  std::array<char, kMaxWholeDigits + kMaxDecimals + 2> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                          std::chars_format::fixed, num_decimals);
  CHECK(error == std::errc(), "the buffer holds the longest double");
  double rounded = 0.0;
  std::from_chars(digits.data(), end, rounded);
  return rounded;
}

}  // namespace assay::json

#include "json/scalar_internal.h"

#include <charconv>
#include <limits>

namespace assay::json {
namespace {

/// So many digits always fit 64 bits.
constexpr std::size_t kMaxSafeDigits = 18;

std::size_t count_digits(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - from;
}

Scalar literal(std::string_view text, std::string_view word, ScalarKind kind) {
  if (!text.starts_with(word)) return {};
  return {kind, word.size()};
}

bool fits_64_bits(std::string_view digits) {
  std::int64_t value = 0;
  return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc();
}

Scalar read_number(std::string_view text) {
  std::size_t at = text.front() == '-' ? 1 : 0;
  const std::size_t num_digits = count_digits(text, at);
  if (num_digits == 0) {
    if (at == 0) return {};
    return literal(text, "-Infinity", ScalarKind::kMinusInfinity);
  }
  if (text[at] == '0' && num_digits > 1) return {};
  at += num_digits;
  bool is_real = false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t num_decimals = count_digits(text, at + 1);
    if (num_decimals == 0) return {};
    at += 1 + num_decimals;
    is_real = true;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t num_exponent_digits = count_digits(text, at);
    if (num_exponent_digits == 0) return {};
    at += num_exponent_digits;
    is_real = true;
  }
  if (is_real) return {ScalarKind::kReal, at};
  const bool fits = num_digits <= kMaxSafeDigits || fits_64_bits(text.substr(0, at));
  return {fits ? ScalarKind::kInteger : ScalarKind::kBigInteger, at};
}

/// Whether the number is 1 or more, of one that no double holds: then it is far more.
bool is_large(std::string_view digits) {
  const std::size_t exponent_mark = digits.find_first_of("eE");
  // Digits before the point, less the zeros that lead; negative for zeros behind the point.
  std::int64_t magnitude = 0;
  bool is_after_point = false;
  bool has_begun = false;
  for (const char character : digits.substr(0, exponent_mark)) {
    if (character == '.') is_after_point = true;
    if (!is_digit(character)) continue;
    has_begun = has_begun || character != '0';
    if (has_begun && !is_after_point) ++magnitude;
    if (!has_begun && is_after_point) --magnitude;
  }
  if (exponent_mark == std::string_view::npos) return magnitude > 0;
  std::string_view exponent_text = digits.substr(exponent_mark + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto [end, error] =
      std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (error != std::errc()) return !exponent_text.starts_with('-');
  return exponent > -magnitude;
}

}  // namespace

Scalar read_scalar(std::string_view text) {
  if (text.empty()) return {};
  switch (text.front()) {
    case 'n':
      return literal(text, "null", ScalarKind::kNull);
    case 't':
      return literal(text, "true", ScalarKind::kTrue);
    case 'f':
      return literal(text, "false", ScalarKind::kFalse);
    case 'N':
      return literal(text, "NaN", ScalarKind::kNan);
    case 'I':
      return literal(text, "Infinity", ScalarKind::kInfinity);
    default:
      return read_number(text);
  }
}

double number_of(std::string_view digits) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc()) return value;
  const double magnitude = is_large(digits) ? std::numeric_limits<double>::infinity() : 0.0;
  return digits.starts_with('-') ? -magnitude : magnitude;
}

}  // namespace assay::json

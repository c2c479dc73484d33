#include "json/scalar_internal.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

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

/// The value of a short decimal without an exponent, which is nearly every one: its digits and the
/// power of ten are doubles exactly, so that the one division rounds correctly (Clinger 1990).
std::optional<double> short_decimal(std::string_view digits) {
  constexpr std::array kPowers = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  constexpr std::size_t kMaxShortDigits = 15;
  const bool is_negative = digits.starts_with('-');
  digits.remove_prefix(is_negative ? 1 : 0);
  if (digits.size() > kMaxShortDigits + 1) return std::nullopt;
  std::int64_t value = 0;
  std::size_t point = digits.size();
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (is_digit(digits[i])) {
      value = value * 10 + (digits[i] - '0');
    } else if (digits[i] == '.' && point == digits.size()) {
      point = i;
    } else {
      return std::nullopt;
    }
  }
  const bool has_point = point < digits.size();
  if (digits.size() - (has_point ? 1 : 0) > kMaxShortDigits) return std::nullopt;
  const std::size_t num_decimals = has_point ? digits.size() - point - 1 : 0;
  const double magnitude = static_cast<double>(value) / kPowers[num_decimals];
  return is_negative ? -magnitude : magnitude;
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
  if (const auto value = short_decimal(digits)) return *value;
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc()) return value;
  const double magnitude = is_large(digits) ? std::numeric_limits<double>::infinity() : 0.0;
  return digits.starts_with('-') ? -magnitude : magnitude;
}

}  // namespace assay::json

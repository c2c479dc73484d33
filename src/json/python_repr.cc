#include "json/python_repr.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

namespace assay::json {
namespace {

/// Python writes an exponent when the decimal point would stand more than so many places away.
constexpr int kMinFixedExponent = -4;
constexpr int kMaxFixedExponent = 15;

/// Two numbers of no more digits are two doubles.
constexpr std::size_t kMaxExactDigits = std::numeric_limits<double>::digits10;

/// The digits without point, and the exponent of ten of the first one.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal shortest_decimal(double magnitude) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                                          std::chars_format::scientific);
  CHECK(error == std::errc(), "32 characters hold the shortest form of every double");
  const std::string_view text(buffer.data(), end);
  const std::size_t mark = text.find('e');
  Decimal decimal;
  for (const char character : text.substr(0, mark)) {
    if (character != '.') decimal.digits += character;
  }
  const char* exponent = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
  std::from_chars(exponent, end, decimal.exponent);
  return decimal;
}

std::string with_exponent(const Decimal& decimal) {
  const std::string_view digits = decimal.digits;
  return fmt::format("{}{}{}e{}{:02}", digits.substr(0, 1), digits.size() > 1 ? "." : "",
                     digits.substr(1), decimal.exponent < 0 ? '-' : '+',
                     std::abs(decimal.exponent));
}

std::string without_exponent(const Decimal& decimal) {
  std::string digits = decimal.digits;
  if (decimal.exponent < 0) {
    return "0." + std::string(static_cast<std::size_t>(-decimal.exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(decimal.exponent) + 1;
  if (digits.size() <= whole) return digits.append(whole - digits.size(), '0') + ".0";
  return digits.insert(whole, ".");
}

std::size_t count_digits(std::string_view text) {
  const auto* const end =
      std::ranges::find_if_not(text, [](char digit) { return digit >= '0' && digit <= '9'; });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

bool is_python_repr(std::string_view text) {
  text.remove_prefix(text.starts_with('-') ? 1 : 0);
  const std::string_view whole = text.substr(0, count_digits(text));
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return false;
  text.remove_prefix(whole.size());
  if (!text.starts_with('.')) return false;
  const std::string_view part = text.substr(1);
  if (part.empty() || count_digits(part) != part.size()) return false;
  if (part == "0") return whole.size() <= kMaxExactDigits;
  if (part.back() == '0') return false;
  if (whole != "0") return whole.size() + part.size() <= kMaxExactDigits;
  const std::size_t num_zeros = part.find_first_not_of('0');
  return num_zeros < static_cast<std::size_t>(-kMinFixedExponent) &&
         part.size() - num_zeros <= kMaxExactDigits;
}

std::string python_repr(double value) {
  if (std::isnan(value)) return "nan";
  const std::string_view sign = std::signbit(value) ? "-" : "";
  if (std::isinf(value)) return fmt::format("{}inf", sign);
  const Decimal decimal = shortest_decimal(std::abs(value));
  const bool is_fixed =
      decimal.exponent >= kMinFixedExponent && decimal.exponent <= kMaxFixedExponent;
  return fmt::format("{}{}", sign, is_fixed ? without_exponent(decimal) : with_exponent(decimal));
}

}  // namespace assay::json

#include "python_form/python_integer.h"

#include "core/check.h"
#include "core/shown_text.h"
#include "python_form/python_text_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <system_error>
#include <vector>

namespace assay::python_form {
namespace {

/// Up to here every integer is a double, and the division of two doubles is rounded correctly.
constexpr std::int64_t kLargestExactDouble = std::int64_t{1} << std::numeric_limits<double>::digits;

Error not_an_integer(std::string_view text) {
  return invalid_input(fmt::format("{} is not an integer", shown_text(text)));
}

/// A natural number in binary: 32 bits a limb, the lowest first, no zero at the top.
class Natural {
 public:
  explicit Natural(std::string_view decimal) {
    constexpr std::size_t kDigitsAtOnce = 9;
    for (std::size_t start = 0; start < decimal.size(); start += kDigitsAtOnce) {
      std::uint32_t factor = 1;
      std::uint32_t group = 0;
      for (const char digit : decimal.substr(start, kDigitsAtOnce)) {
        factor *= 10;
        group = group * 10 + static_cast<std::uint32_t>(digit - '0');
      }
      multiply_add(factor, group);
    }
  }

  std::size_t num_bits() const {
    return limbs_.empty()
               ? 0
               : 32 * limbs_.size() - static_cast<std::size_t>(std::countl_zero(limbs_.back()));
  }
  bool is_zero() const { return limbs_.empty(); }

  std::strong_ordering operator<=>(const Natural& other) const {
    if (limbs_.size() != other.limbs_.size()) return limbs_.size() <=> other.limbs_.size();
    return std::lexicographical_compare_three_way(limbs_.rbegin(), limbs_.rend(),
                                                  other.limbs_.rbegin(), other.limbs_.rend());
  }

  void shift_left(std::size_t num_places) {
    if (limbs_.empty()) return;
    const std::size_t bits = num_places % 32;
    if (bits > 0) {
      std::uint32_t carry = 0;
      for (std::uint32_t& limb : limbs_) {
        const std::uint32_t out = limb >> (32 - bits);
        limb = (limb << bits) | carry;
        carry = out;
      }
      if (carry > 0) limbs_.push_back(carry);
    }
    limbs_.insert(limbs_.begin(), num_places / 32, 0);
  }

  /// Pre: `other` is not larger.
  void subtract(const Natural& other) {
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < limbs_.size(); ++i) {
      const std::uint64_t taken = (i < other.limbs_.size() ? other.limbs_[i] : 0) + borrow;
      borrow = limbs_[i] < taken ? 1 : 0;
      limbs_[i] = static_cast<std::uint32_t>(limbs_[i] + (borrow << 32) - taken);
    }
    while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  }

 private:
  void multiply_add(std::uint32_t factor, std::uint32_t addend) {
    std::uint64_t carry = addend;
    for (std::uint32_t& limb : limbs_) {
      carry += static_cast<std::uint64_t>(limb) * factor;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry > 0) limbs_.push_back(static_cast<std::uint32_t>(carry));
  }

  std::vector<std::uint32_t> limbs_;
};

/// dividend / divisor by long division, one bit of the quotient at a time, stopped where a double
/// ends. `exponent` is that of the quotient's leading bit: 2^exponent <= quotient < 2^(exponent+1).
/// Infinite when it is too large.
double divide(Natural dividend, Natural divisor) {
  if (dividend.is_zero()) return 0.0;
  int exponent = static_cast<int>(dividend.num_bits()) - static_cast<int>(divisor.num_bits());
  if (exponent > 0) {
    divisor.shift_left(static_cast<std::size_t>(exponent));
  } else {
    dividend.shift_left(static_cast<std::size_t>(-exponent));
  }
  if (dividend < divisor) {
    dividend.shift_left(1);
    --exponent;
  }
  // Below the smallest normal number a double has fewer bits; -1 of them is less than half of the
  // smallest double.
  constexpr int kSmallestNormal = std::numeric_limits<double>::min_exponent - 1;
  const int num_bits =
      std::numeric_limits<double>::digits - std::max(0, kSmallestNormal - exponent);
  if (num_bits < 0) return 0.0;

  std::uint64_t quotient = 0;
  for (int i = 0; i < num_bits; ++i) {
    quotient <<= 1;
    if (dividend >= divisor) {
      dividend.subtract(divisor);
      quotient |= 1;
    }
    dividend.shift_left(1);
  }
  // The remainder now stands at the weight of the next bit: compare it with one half.
  const auto rest = dividend <=> divisor;
  if (rest > 0 || (rest == 0 && (quotient & 1) == 1)) ++quotient;
  return std::ldexp(static_cast<double>(quotient), exponent - num_bits + 1);
}

}  // namespace

Result<PythonInteger> PythonInteger::parse(std::string_view text) {
  const std::optional<std::string> ascii = to_number_text(text);
  if (!ascii) return not_an_integer(text);
  const std::optional<std::string> plain = without_underscores(*ascii);
  if (!plain) return not_an_integer(text);
  std::string_view digits = *plain;
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return not_an_integer(text);
  }
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));

  PythonInteger integer;
  std::string canonical(is_negative ? 1 : 0, '-');
  canonical += digits;
  const auto read =
      std::from_chars(canonical.data(), canonical.data() + canonical.size(), integer.value_);
  if (read.ec == std::errc::result_out_of_range) {
    integer.value_ = 0;
    integer.is_negative_ = is_negative;
    integer.digits_ = digits;
  }
  return integer;
}

std::string PythonInteger::magnitude() const {
  if (!digits_.empty()) return digits_;
  std::string text = std::to_string(value_);
  if (value_ < 0) text.erase(0, 1);
  return text;
}

std::string PythonInteger::to_string() const {
  std::string text(is_negative() ? 1 : 0, '-');
  text += magnitude();
  return text;
}

std::strong_ordering PythonInteger::operator<=>(const PythonInteger& other) const {
  if (digits_.empty() && other.digits_.empty()) return value_ <=> other.value_;
  if (is_negative() != other.is_negative()) {
    return is_negative() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  const std::string mine = magnitude();
  const std::string theirs = other.magnitude();
  const auto by_magnitude =
      mine.size() != theirs.size() ? mine.size() <=> theirs.size() : mine <=> theirs;
  return is_negative() ? 0 <=> by_magnitude : by_magnitude;
}

Result<double> true_divide(const PythonInteger& dividend, const PythonInteger& divisor) {
  CHECK(!divisor.is_zero(), "a division by zero is the caller's to prevent");
  const auto is_exact = [](const PythonInteger& integer) {
    return integer.digits_.empty() && integer.value_ >= -kLargestExactDouble &&
           integer.value_ <= kLargestExactDouble;
  };
  if (is_exact(dividend) && is_exact(divisor)) {
    return static_cast<double>(dividend.value_) / static_cast<double>(divisor.value_);
  }
  const double quotient = divide(Natural(dividend.magnitude()), Natural(divisor.magnitude()));
  if (std::isinf(quotient)) {
    return invalid_input("the quotient of two integers is too large for a 64-bit float");
  }
  return dividend.is_negative() != divisor.is_negative() ? -quotient : quotient;
}

}  // namespace assay::python_form

#include "history/exact_sum.h"

#include "core/check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

// A double is a whole number of 53 bits times a power of two that is never below 2^-1074. Counted
// in units of 2^-1074 it is a whole number of up to 2098 bits, and so is a sum: adding it to a wide
// integer loses nothing. Squares are whole numbers of 106 bits in units of 2^-2148. Rounding
// happens in round_to_double() alone, once for each result.

namespace assay::history {
namespace {

__extension__ using Unsigned128 = unsigned __int128;

constexpr int kSmallestExponent = -1074;
constexpr int kMantissaBits = 53;
constexpr std::uint64_t kFractionMask = (std::uint64_t{1} << 52) - 1;

struct Parts {
  std::uint64_t mantissa = 0;
  std::size_t shift = 0;  ///< The value is mantissa * 2^(shift - 1074).
  bool is_negative = false;
};

Parts parts_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto exponent = (bits >> 52) & 0x7FF;
  const std::uint64_t fraction = bits & kFractionMask;
  const bool is_negative = (bits >> 63) != 0;
  if (exponent == 0) return {.mantissa = fraction, .shift = 0, .is_negative = is_negative};
  return {.mantissa = fraction | (std::uint64_t{1} << 52),
          .shift = static_cast<std::size_t>(exponent - 1),
          .is_negative = is_negative};
}

/// Add `low` and `high` (128 bits) at limb `at`.
void add_at(std::span<std::uint64_t> limbs, std::size_t at, Unsigned128 value) {
  for (; value != 0; ++at) {
    CHECK(at < limbs.size(), "a sum outgrew its limbs");
    const Unsigned128 sum = Unsigned128{limbs[at]} + static_cast<std::uint64_t>(value);
    limbs[at] = static_cast<std::uint64_t>(sum);
    value = (value >> 64) + (sum >> 64);
  }
}

void subtract_at(std::span<std::uint64_t> limbs, std::size_t at, Unsigned128 value) {
  // Beyond the last limb a borrow is the sign of two's complement.
  for (; value != 0 && at < limbs.size(); ++at) {
    const auto low = static_cast<std::uint64_t>(value);
    const std::uint64_t borrow = limbs[at] < low ? 1 : 0;
    limbs[at] -= low;
    value = (value >> 64) + borrow;
  }
}

/// As add_at(), where the sum may pass from below zero to above: the carry leaves at the top.
void add_signed_at(std::span<std::uint64_t> limbs, std::size_t at, Unsigned128 value) {
  for (; value != 0 && at < limbs.size(); ++at) {
    const Unsigned128 sum = Unsigned128{limbs[at]} + static_cast<std::uint64_t>(value);
    limbs[at] = static_cast<std::uint64_t>(sum);
    value = (value >> 64) + (sum >> 64);
  }
}

void add_wide(std::span<std::uint64_t> limbs, std::span<const std::uint64_t> other) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    const Unsigned128 sum = Unsigned128{limbs[i]} + other[i] + carry;
    limbs[i] = static_cast<std::uint64_t>(sum);
    carry = static_cast<std::uint64_t>(sum >> 64);
  }
}

bool is_negative(std::span<const std::uint64_t> limbs) { return (limbs.back() >> 63) != 0; }

/// The absolute value, with limbs of zeros below it.
std::vector<std::uint64_t> magnitude(std::span<const std::uint64_t> limbs,
                                     std::size_t num_fraction_limbs) {
  std::vector<std::uint64_t> result(num_fraction_limbs + limbs.size(), 0);
  std::uint64_t carry = is_negative(limbs) ? 1 : 0;
  const std::uint64_t flip = carry != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    const std::uint64_t limb = (limbs[i] ^ flip) + carry;
    carry = carry != 0 && limb == 0 ? 1 : 0;
    result[num_fraction_limbs + i] = limb;
  }
  return result;
}

/// Divide in place; whether there is a remainder.
bool divide(std::vector<std::uint64_t>& limbs, std::uint64_t divisor) {
  Unsigned128 remainder = 0;
  for (std::size_t i = limbs.size(); i-- > 0;) {
    const Unsigned128 part = (remainder << 64) | limbs[i];
    limbs[i] = static_cast<std::uint64_t>(part / divisor);
    remainder = part % divisor;
  }
  return remainder != 0;
}

std::size_t bit_length(std::span<const std::uint64_t> limbs) {
  for (std::size_t i = limbs.size(); i-- > 0;) {
    if (limbs[i] != 0) return i * 64 + static_cast<std::size_t>(std::bit_width(limbs[i]));
  }
  return 0;
}

bool bit_at(std::span<const std::uint64_t> limbs, std::size_t at) {
  return at / 64 < limbs.size() && ((limbs[at / 64] >> (at % 64)) & 1) != 0;
}

/// The `count` bits from bit `from` on. Pre: count <= 127.
Unsigned128 bits_from(std::span<const std::uint64_t> limbs, std::size_t from, std::size_t count) {
  Unsigned128 bits = 0;
  for (std::size_t i = count; i-- > 0;) bits = (bits << 1) | (bit_at(limbs, from + i) ? 1U : 0U);
  return bits;
}

bool any_below(std::span<const std::uint64_t> limbs, std::size_t end) {
  for (std::size_t i = 0; i < end / 64 && i < limbs.size(); ++i) {
    if (limbs[i] != 0) return true;
  }
  for (std::size_t at = end - end % 64; at < end; ++at) {
    if (bit_at(limbs, at)) return true;
  }
  return false;
}

enum class Rest : std::uint8_t { kNone, kSome };

/// The double nearest to limbs * 2^unit, and a little more when there is a rest; half to even.
double round_to_double(std::span<const std::uint64_t> limbs, int unit, Rest rest) {
  const std::size_t length = bit_length(limbs);
  if (length == 0) return 0.0;
  const int lowest = std::max(static_cast<int>(length) - kMantissaBits + unit, kSmallestExponent);
  if (lowest <= unit) {
    return std::ldexp(static_cast<double>(bits_from(limbs, 0, length)), unit);
  }
  const auto dropped = static_cast<std::size_t>(lowest - unit);
  auto mantissa = static_cast<std::uint64_t>(bits_from(limbs, dropped, kMantissaBits));
  if (bit_at(limbs, dropped - 1)) {
    const bool is_above_half = rest == Rest::kSome || any_below(limbs, dropped - 1);
    if (is_above_half || (mantissa & 1) != 0) ++mantissa;
  }
  return std::ldexp(static_cast<double>(mantissa), lowest);
}

std::uint64_t integer_root(Unsigned128 value) {
  auto root = static_cast<std::uint64_t>(
      std::min<long double>(std::sqrt(static_cast<long double>(value)),
                            static_cast<long double>(std::numeric_limits<std::uint64_t>::max())));
  while (Unsigned128{root} * root > value) --root;
  while (root < std::numeric_limits<std::uint64_t>::max() &&
         Unsigned128{root + 1} * (root + 1) <= value) {
    ++root;
  }
  return root;
}

/// The square root of limbs * 2^unit, and a little more when there is a rest, rounded once.
/// Pre: `unit` is even.
double round_root(std::span<const std::uint64_t> limbs, int unit, Rest rest) {
  const std::size_t length = bit_length(limbs);
  if (length == 0) return 0.0;
  // The highest 126 or 127 bits, so that what is cut has an even number of them.
  std::size_t cut = length > 127 ? length - 127 : 0;
  cut += cut % 2;
  const Unsigned128 head = bits_from(limbs, cut, 127);
  const std::uint64_t root = integer_root(head);
  const bool is_exact =
      Unsigned128{root} * root == head && rest == Rest::kNone && !any_below(limbs, cut);
  const std::array<std::uint64_t, 1> result = {root};
  return round_to_double(result, (unit + static_cast<int>(cut)) / 2,
                         is_exact ? Rest::kNone : Rest::kSome);
}

}  // namespace

void ExactSum::add(double value) {
  ++count_;
  if (!std::isfinite(value)) {
    special_ += value;
    return;
  }
  const Parts parts = parts_of(value);
  const Unsigned128 shifted = Unsigned128{parts.mantissa} << (parts.shift % 64);
  if (parts.is_negative) {
    subtract_at(units_, parts.shift / 64, shifted);
  } else {
    add_signed_at(units_, parts.shift / 64, shifted);
  }
}

ExactSum& ExactSum::operator+=(const ExactSum& other) {
  add_wide(units_, other.units_);
  count_ += other.count_;
  special_ += other.special_;
  return *this;
}

double ExactSum::mean() const {
  CHECK(count_ > 0, "a mean of nothing");
  if (special_ != 0.0) return special_;
  // A limb of fraction bits, so that rounding sees what follows the last unit.
  std::vector<std::uint64_t> quotient = magnitude(units_, 1);
  const Rest rest = divide(quotient, count_) ? Rest::kSome : Rest::kNone;
  const double mean = round_to_double(quotient, kSmallestExponent - 64, rest);
  return is_negative(units_) ? -mean : mean;
}

void ExactMoments::add(double value) {
  sum_.add(value);
  if (!std::isfinite(value)) return;
  const Parts parts = parts_of(value);
  const std::size_t shift = parts.shift * 2;
  const Unsigned128 square = Unsigned128{parts.mantissa} * parts.mantissa;
  // 106 bits shifted by up to 63 need three limbs: two halves, each within 128 bits.
  const auto low = static_cast<std::uint64_t>(square);
  const auto high = static_cast<std::uint64_t>(square >> 64);
  add_at(squares_, shift / 64, Unsigned128{low} << (shift % 64));
  add_at(squares_, shift / 64 + 1, Unsigned128{high} << (shift % 64));
}

ExactMoments& ExactMoments::operator+=(const ExactMoments& other) {
  sum_ += other.sum_;
  add_wide(squares_, other.squares_);
  return *this;
}

double ExactMoments::standard_deviation() const {
  const std::uint64_t count = sum_.count_;
  CHECK(count > 1, "the deviation of a sample of less than two");
  if (sum_.special_ != 0.0) return std::numeric_limits<double>::quiet_NaN();
  // The variance is (n * sum of squares - square of the sum) / (n * (n - 1)), all of it exact.
  constexpr std::size_t kFractionLimbs = 4;
  const std::vector<std::uint64_t> sum = magnitude(sum_.units_, 0);
  std::vector<std::uint64_t> difference(kFractionLimbs + 2 * sum.size() + 1, 0);
  for (std::size_t i = 0; i < squares_.size(); ++i) {
    add_at(difference, kFractionLimbs + i, Unsigned128{squares_[i]} * count);
  }
  for (std::size_t i = 0; i < sum.size(); ++i) {
    for (std::size_t k = 0; k < sum.size(); ++k) {
      subtract_at(difference, kFractionLimbs + i + k, Unsigned128{sum[i]} * sum[k]);
    }
  }
  const bool first_rest = divide(difference, count);
  const bool second_rest = divide(difference, count - 1);
  return round_root(difference, 2 * kSmallestExponent - static_cast<int>(kFractionLimbs) * 64,
                    first_rest || second_rest ? Rest::kSome : Rest::kNone);
}

}  // namespace assay::history

#include "crypto/half_size_internal.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace assay::crypto {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr int kNumBits = 128;
constexpr Uint128 kHalfSize = Uint128{1} << 127;

/// Below 2^255.
struct Integer {
  Uint128 high = 0;
  Uint128 low = 0;
};

// 2^252 + 27742317777372353535851937790883648493
constexpr Integer kOrder{
    .high = Uint128{1} << 124,
    .low = (Uint128{0x14de'f9de'a2f7'9cd6} << 64) | Uint128{0x5812'631a'5cf5'd3ed}};

int bits_of(Uint128 value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return 128 - (high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(low));
}

int bits_of(const Integer& value) {
  return value.high != 0 ? kNumBits + bits_of(value.high) : bits_of(value.low);
}

bool is_less(const Integer& a, const Integer& b) {
  return a.high < b.high || (a.high == b.high && a.low < b.low);
}

Integer shifted(const Integer& value, int bits) {
  if (bits == 0) return value;
  if (bits >= kNumBits) return {.high = value.low << (bits - kNumBits), .low = 0};
  return {.high = (value.high << bits) | (value.low >> (kNumBits - bits)),
          .low = value.low << bits};
}

Integer difference(const Integer& a, const Integer& b) {
  return {.high = a.high - b.high - (a.low < b.low ? 1U : 0U), .low = a.low - b.low};
}

HalfSizeScalar bytes_of(Uint128 value) {
  static_assert(std::endian::native == std::endian::little, "scalars are little-endian");
  HalfSizeScalar bytes{};
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

}  // namespace

// The remainders are multiples of the scalar, less multiples of the order, by factors of changing
// sign. A factor times the remainder before is at most the order, so the first remainder below
// 2^127 has a factor of at most 2^126.
HalfSizeFraction half_size_fraction(std::span<const std::byte, 32> scalar) {
  Integer before = kOrder;
  Integer remainder;
  std::memcpy(&remainder.low, scalar.data(), sizeof(Uint128));
  std::memcpy(&remainder.high, scalar.data() + sizeof(Uint128), sizeof(Uint128));
  Uint128 factor_before = 0;
  Uint128 factor = 1;
  bool is_negative = false;
  while (remainder.high != 0 || remainder.low >= kHalfSize) {
    // A quotient is seldom more than a few bits: they are subtracted one by one.
    while (!is_less(before, remainder)) {
      int shift = bits_of(before) - bits_of(remainder);
      if (is_less(before, shifted(remainder, shift))) --shift;
      before = difference(before, shifted(remainder, shift));
      factor_before += factor << shift;
    }
    std::swap(before, remainder);
    std::swap(factor_before, factor);
    is_negative = !is_negative;
  }
  return {.numerator = bytes_of(remainder.low),
          .denominator = bytes_of(factor),
          .is_negative = is_negative};
}

}  // namespace assay::crypto

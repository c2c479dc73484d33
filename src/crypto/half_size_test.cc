#include "core/hex.h"
#include "core/random.h"
#include "crypto/half_size_internal.h"
#include "crypto/ristretto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace assay::crypto {
namespace {

using Scalar = RistrettoScalar;

constexpr Scalar kZero{};
// The order less one.
constexpr const char* kMinusOne =
    "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

Scalar scalar_of(std::string_view hex) {
  Scalar scalar{};
  std::ranges::copy(parse_hex(hex).value(), scalar.begin());
  return scalar;
}

void expect_half_size(const HalfSizeScalar& scalar, const Scalar& whole) {
  EXPECT_EQ(scalar[15] & std::byte{0x80}, std::byte{0})
      << to_hex(scalar) << " of " << to_hex(whole);
  EXPECT_TRUE(std::ranges::all_of(scalar.begin() + 16, scalar.end(),
                                  [](std::byte byte) { return byte == std::byte{0}; }))
      << to_hex(scalar) << " of " << to_hex(whole);
}

void expect_fraction_of(const Scalar& scalar) {
  const HalfSizeFraction fraction = half_size_fraction(scalar);
  expect_half_size(fraction.numerator, scalar);
  expect_half_size(fraction.denominator, scalar);
  EXPECT_NE(fraction.denominator, kZero) << to_hex(scalar);
  Scalar denominator = fraction.denominator;
  if (fraction.is_negative) {
    multiply_add_scalar(denominator, scalar_of(kMinusOne), kZero, denominator);
  }
  Scalar product;
  multiply_add_scalar(scalar, denominator, kZero, product);
  EXPECT_EQ(product, fraction.numerator) << to_hex(scalar);
}

TEST(HalfSize, AScalarIsTheFraction) {
  SeededRandom random(1);
  for (int i = 0; i < 2000; ++i) {
    std::array<std::byte, 64> wide;
    std::ranges::generate(wide, [&] { return static_cast<std::byte>(random.below(256)); });
    Scalar scalar;
    reduce_scalar(wide, scalar);
    // Short ones too, down to nothing.
    for (std::size_t size = scalar.size() - static_cast<std::size_t>(random.below(33));
         size < scalar.size(); ++size) {
      scalar[size] = std::byte{0};
    }
    expect_fraction_of(scalar);
  }
}

TEST(HalfSize, TheEndsOfTheScalarsToo) {
  for (const char* const hex :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffff7f00000000000000000000000000000000",
        "0000000000000000000000000000008000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffff00000000000000000000000000000000",
        "0000000000000000000000000000000001000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000010",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f", kMinusOne}) {
    expect_fraction_of(scalar_of(hex));
  }
}

}  // namespace
}  // namespace assay::crypto

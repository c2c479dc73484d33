#include "crypto/schnorr_equation.h"

#include "core/hex.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace assay::crypto {
namespace {

using Bytes = std::array<std::byte, 32>;

Bytes random_scalar(RandomSource& random) {
  std::array<std::byte, 64> wide;
  std::ranges::generate(wide, [&] { return static_cast<std::byte>(random.below(256)); });
  Bytes scalar;
  reduce_scalar(wide, scalar);
  return scalar;
}

Bytes small_scalar(unsigned value) {
  Bytes scalar{};
  scalar[0] = static_cast<std::byte>(value);
  return scalar;
}

Bytes bytes_of(std::string_view hex) {
  Bytes bytes{};
  std::ranges::copy(parse_hex(hex).value(), bytes.begin());
  return bytes;
}

/// What libsodium makes of the right side, step by step.
RistrettoPoint commitment_of(const Bytes& scalar, const Bytes& challenge,
                             const RistrettoPoint& signer) {
  return subtract_points(multiply_generator(scalar).value(),
                         multiply_point(challenge, signer).value())
      .value();
}

TEST(SchnorrEquation, AgreesWithLibsodiumForRandomValues) {
  SeededRandom random(1);
  for (int i = 0; i < 400; ++i) {
    const Bytes scalar = random_scalar(random);
    const Bytes challenge = random_scalar(random);
    const RistrettoPoint signer = multiply_generator(random_scalar(random)).value();
    const RistrettoPoint commitment = commitment_of(scalar, challenge, signer);
    const PreparedSigner prepared = PreparedSigner::prepare(signer).value();
    EXPECT_TRUE(schnorr_equation_holds(commitment, scalar, challenge, signer));
    EXPECT_TRUE(schnorr_equation_holds(commitment, scalar, challenge, prepared));
    RistrettoPoint other = commitment;
    other[random.below(32)] ^= static_cast<std::byte>(1U << random.below(8));
    EXPECT_FALSE(schnorr_equation_holds(other, scalar, challenge, signer));
    EXPECT_FALSE(schnorr_equation_holds(other, scalar, challenge, prepared));
    EXPECT_FALSE(schnorr_equation_holds(commitment, challenge, scalar, prepared));
    EXPECT_FALSE(schnorr_equation_holds(commitment, challenge, scalar, signer));
    EXPECT_FALSE(schnorr_equation_holds(commitment, random_scalar(random), challenge, signer));
  }
}

TEST(SchnorrEquation, AgreesWithLibsodiumAtTheEndsOfTheScalars) {
  const Bytes largest =
      bytes_of("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const Bytes ones = bytes_of("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f");
  const Bytes top = bytes_of("0000000000000000000000000000000000000000000000000000000000000010");
  // Digits across and at the ends of the parts that a prepared signer takes.
  const Bytes across = bytes_of("00000000000000800100000000000080ffffffffffffff7f0100000000000000");
  const RistrettoPoint signer = multiply_generator(small_scalar(77)).value();
  const PreparedSigner prepared = PreparedSigner::prepare(signer).value();
  for (const Bytes& scalar :
       {small_scalar(1), small_scalar(128), small_scalar(255), largest, ones, top, across}) {
    for (const Bytes& challenge : {small_scalar(1), small_scalar(16), largest, ones, top, across}) {
      const RistrettoPoint commitment = commitment_of(scalar, challenge, signer);
      EXPECT_TRUE(schnorr_equation_holds(commitment, scalar, challenge, signer))
          << to_hex(scalar) << " " << to_hex(challenge);
      EXPECT_TRUE(schnorr_equation_holds(commitment, scalar, challenge, prepared))
          << to_hex(scalar) << " " << to_hex(challenge);
    }
  }
}

TEST(SchnorrEquation, TheNeutralElementIsOne) {
  const RistrettoPoint neutral{};
  const RistrettoPoint signer = multiply_generator(small_scalar(3)).value();
  EXPECT_TRUE(schnorr_equation_holds(neutral, small_scalar(0), small_scalar(0), signer));
  EXPECT_TRUE(schnorr_equation_holds(neutral, small_scalar(6), small_scalar(2), signer));
  EXPECT_FALSE(schnorr_equation_holds(neutral, small_scalar(7), small_scalar(2), signer));
  const PreparedSigner prepared = PreparedSigner::prepare(signer).value();
  EXPECT_TRUE(schnorr_equation_holds(neutral, small_scalar(0), small_scalar(0), prepared));
  EXPECT_TRUE(schnorr_equation_holds(neutral, small_scalar(6), small_scalar(2), prepared));
  EXPECT_FALSE(schnorr_equation_holds(neutral, small_scalar(7), small_scalar(2), prepared));
}

// RFC 9496, A.2: encodings of nothing.
TEST(SchnorrEquation, RefusesWhatIsNoElement) {
  constexpr std::string_view kBad[] = {
      "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
      "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
      "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
      "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
      "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  const RistrettoPoint good = multiply_generator(small_scalar(5)).value();
  for (const std::string_view hex : kBad) {
    const RistrettoPoint bad = bytes_of(hex);
    EXPECT_FALSE(is_valid_point(bad)) << hex;
    EXPECT_FALSE(schnorr_equation_holds(bad, small_scalar(0), small_scalar(0), good)) << hex;
    EXPECT_FALSE(schnorr_equation_holds(good, small_scalar(5), small_scalar(0), bad)) << hex;
  }
  EXPECT_TRUE(schnorr_equation_holds(good, small_scalar(5), small_scalar(0), good));
}

TEST(SchnorrEquation, DecodesExactlyWhatLibsodiumDecodes) {
  SeededRandom random(2);
  int num_elements = 0;
  for (int i = 0; i < 1000; ++i) {
    RistrettoPoint point;
    std::ranges::generate(point, [&] { return static_cast<std::byte>(random.below(256)); });
    point[0] &= std::byte{0xfe};
    point[31] &= std::byte{0x7f};
    const bool is_element = is_valid_point(point);
    num_elements += is_element ? 1 : 0;
    // Once the challenge is zero, the signer need only be an element.
    EXPECT_EQ(schnorr_equation_holds(RistrettoPoint{}, small_scalar(0), small_scalar(0), point),
              is_element)
        << to_hex(point);
  }
  EXPECT_GT(num_elements, 100);
}

}  // namespace
}  // namespace assay::crypto

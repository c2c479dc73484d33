#include "crypto/ristretto.h"

#include "core/hex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace assay::crypto {
namespace {

std::array<std::byte, 32> bytes32(std::string_view hex) {
  std::array<std::byte, 32> bytes{};
  const auto parsed = parse_hex(hex);
  EXPECT_TRUE(parsed && parsed->size() == bytes.size()) << hex;
  std::ranges::copy(*parsed, bytes.begin());
  return bytes;
}

std::array<std::byte, 32> scalar_of(unsigned value) {
  std::array<std::byte, 32> scalar{};
  scalar[0] = static_cast<std::byte>(value);
  return scalar;
}

// RFC 9496, A.1: the first multiples of the generator.
constexpr std::string_view kMultiples[] = {
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e"};
// 2^252 + 27742317777372353535851937790883648493.
constexpr std::string_view kOrder =
    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

TEST(Ristretto, MultiplesOfTheGeneratorAgreeWithRfc9496) {
  for (unsigned i = 0; i < std::size(kMultiples); ++i) {
    const auto product = multiply_generator(scalar_of(i + 1));
    ASSERT_TRUE(product);
    EXPECT_EQ(to_hex(*product), kMultiples[i]);
  }
  EXPECT_FALSE(multiply_generator(scalar_of(0)));
}

TEST(Ristretto, PointsMultiplyAndSubtract) {
  const RistrettoPoint two = bytes32(kMultiples[1]);
  EXPECT_EQ(multiply_point(scalar_of(2), two), bytes32(kMultiples[3]));
  EXPECT_EQ(subtract_points(bytes32(kMultiples[4]), two), bytes32(kMultiples[2]));
}

TEST(Ristretto, RefusesWhatIsNoElement) {
  const RistrettoPoint negative =
      bytes32("0100000000000000000000000000000000000000000000000000000000000000");
  const RistrettoPoint over =
      bytes32("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  for (const RistrettoPoint& bad : {negative, over}) {
    EXPECT_FALSE(is_valid_point(bad));
    EXPECT_FALSE(multiply_point(scalar_of(2), bad));
    EXPECT_FALSE(subtract_points(bytes32(kMultiples[0]), bad));
  }
  EXPECT_TRUE(is_valid_point(bytes32(kMultiples[0])));
}

TEST(Ristretto, OnlyScalarsBelowTheOrderAreCanonical) {
  std::array<std::byte, 32> scalar = bytes32(kOrder);
  EXPECT_FALSE(is_canonical_scalar(scalar));
  scalar[0] = std::byte{0xec};
  EXPECT_TRUE(is_canonical_scalar(scalar));
  EXPECT_TRUE(is_canonical_scalar(scalar_of(0)));
  EXPECT_FALSE(is_canonical_scalar(
      bytes32("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")));
}

TEST(Ristretto, ScalarsMultiplyAddAndReduce) {
  std::array<std::byte, 32> result{};
  multiply_add_scalar(scalar_of(3), scalar_of(4), scalar_of(5), result);
  EXPECT_EQ(result, scalar_of(17));
  std::array<std::byte, 64> wide{};
  std::ranges::copy(bytes32(kOrder), wide.begin());
  wide[0] = std::byte{0xf0};  // the order and three
  reduce_scalar(wide, result);
  EXPECT_EQ(result, scalar_of(3));
}

}  // namespace
}  // namespace assay::crypto

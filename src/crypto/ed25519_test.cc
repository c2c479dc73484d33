#include "crypto/ed25519.h"

#include "core/bytes.h"
#include "core/hex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace assay::crypto {
namespace {

template <std::size_t kSize>
std::array<std::byte, kSize> fixed(std::string_view hex) {
  std::array<std::byte, kSize> bytes{};
  const auto parsed = parse_hex(hex);
  EXPECT_TRUE(parsed && parsed->size() == kSize) << hex;
  std::ranges::copy(*parsed, bytes.begin());
  return bytes;
}

// The second test vector of RFC 8032, section 7.1: one byte is signed.
const auto kPublicKey =
    fixed<32>("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const auto kSignature = fixed<64>(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
    "d8c387b2eaeb4302aeeb00d291612bb0c00");
constexpr std::array kMessage = {std::byte{0x72}};

TEST(Ed25519, TakesTheVectorOfTheStandard) {
  EXPECT_TRUE(verify_ed25519(kPublicKey, kMessage, kSignature));
}

TEST(Ed25519, RefusesAnyBitThatIsAnother) {
  for (std::size_t i = 0; i < kSignature.size(); ++i) {
    auto signature = kSignature;
    signature.at(i) ^= std::byte{1};
    EXPECT_FALSE(verify_ed25519(kPublicKey, kMessage, signature)) << i;
  }
  for (std::size_t i = 0; i < kPublicKey.size(); ++i) {
    auto key = kPublicKey;
    key.at(i) ^= std::byte{1};
    EXPECT_FALSE(verify_ed25519(key, kMessage, kSignature)) << i;
  }
  EXPECT_FALSE(verify_ed25519(kPublicKey, {}, kSignature));
}

TEST(Ed25519, RefusesKeysForWhichAnythingWouldHold) {
  // The neutral element, and a signature that fulfils the equation for every message.
  std::array<std::byte, 32> neutral{};
  neutral[0] = std::byte{1};
  std::array<std::byte, 64> signature{};
  signature[0] = std::byte{1};
  EXPECT_FALSE(verify_ed25519(neutral, kMessage, signature));
}

}  // namespace
}  // namespace assay::crypto

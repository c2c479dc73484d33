#include "keys/known_signers.h"

#include "core/bytes.h"
#include "core/random.h"
#include "keys/sr25519.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace assay::keys {
namespace {

KeyPair key_of(std::uint8_t number) {
  Seed seed;
  seed.fill()[0] = std::byte{number};
  return KeyPair::from_seed(seed);
}

TEST(KnownSigners, SaysOfEachSignatureWhatACheckAloneSays) {
  SeededRandom random(3);
  KnownSigners signers;
  for (int i = 0; i < 300; ++i) {
    const KeyPair pair = key_of(static_cast<std::uint8_t>(random.below(3)));
    const KeyPair other = key_of(static_cast<std::uint8_t>(random.below(3) + 3));
    const std::string message = std::to_string(random.next());
    Signature signature = pair.sign(as_bytes(message), random);
    EXPECT_TRUE(signers.verify(pair.hotkey(), as_bytes(message), signature));
    EXPECT_FALSE(signers.verify(other.hotkey(), as_bytes(message), signature));
    EXPECT_FALSE(signers.verify(pair.hotkey(), as_bytes(message + "x"), signature));
    signature[random.below(64)] ^= static_cast<std::byte>(1U << random.below(8));
    EXPECT_FALSE(signers.verify(pair.hotkey(), as_bytes(message), signature));
  }
  EXPECT_EQ(signers.size(), 3U);
}

TEST(KnownSigners, RemembersSoManyAndNobodyWhoseSignatureIsFalse) {
  SeededRandom random(4);
  KnownSigners signers;
  for (std::uint8_t number = 0; number < KnownSigners::kMaxSigners + 20; ++number) {
    const KeyPair pair = key_of(number);
    const Signature signature = pair.sign(as_bytes("m"), random);
    EXPECT_FALSE(signers.verify(pair.hotkey(), as_bytes("n"), signature));
    EXPECT_LE(signers.size(), number);
    EXPECT_TRUE(signers.verify(pair.hotkey(), as_bytes("m"), signature));
    EXPECT_LE(signers.size(), KnownSigners::kMaxSigners);
  }
}

}  // namespace
}  // namespace assay::keys

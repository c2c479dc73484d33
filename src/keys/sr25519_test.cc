#include "keys/sr25519.h"

#include "core/bytes.h"
#include "core/hex.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace assay::keys {
namespace {

template <std::size_t Size>
crypto::SecretBytes<Size> secret_of(std::string_view hex) {
  const auto bytes = parse_hex(hex);
  EXPECT_TRUE(bytes && bytes->size() == Size);
  return crypto::SecretBytes<Size>(std::span<const std::byte, Size>(bytes->data(), Size));
}

KeyPair alice() {
  return KeyPair::from_seed(
      secret_of<32>("e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a"));
}

TEST(Sr25519, ASeedGivesThePairThatSubstrateMakesOfIt) {
  EXPECT_EQ(alice().hotkey().to_ss58(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
  // As the wallet of the SDK writes Alice's private key.
  EXPECT_EQ(to_hex(alice().secret().reveal()),
            "33a6f3093f158a7109f679410bef1a0c54168145e0cecb4df006c1c2fffb1f09"
            "925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011");
}

TEST(Sr25519, APrivateKeyGivesItsPair) {
  const auto pair = KeyPair::from_secret(alice().secret());
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->hotkey(), alice().hotkey());
  crypto::SecretBytes<64> zero;
  EXPECT_FALSE(KeyPair::from_secret(zero));
  std::ranges::fill(zero.fill(), std::byte{0xff});
  EXPECT_FALSE(KeyPair::from_secret(zero));
}

// Made by sr25519 of the SDK (bittensor-core 0.1.5) for //Alice.
TEST(Sr25519, TakesASignatureOfTheSdk) {
  const auto signature = parse_signature(
      "0x1689c306a593b10b39c834023c21cc44784880082897fad07cd1c682dc58f305597fdcb35e4ed2a8d200d0a247"
      "d81ea6d6111b1ec1d39c7aa442542af19a8c83");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(verify(alice().hotkey(), as_bytes("hello"), *signature));
  EXPECT_FALSE(verify(alice().hotkey(), as_bytes("hellp"), *signature));
}

TEST(Sr25519, SignsWhatItVerifiesAndNeverTwiceTheSame) {
  SeededRandom random(1);
  const KeyPair pair = alice();
  const Signature first = pair.sign(as_bytes("message"), random);
  const Signature second = pair.sign(as_bytes("message"), random);
  EXPECT_NE(first, second);
  EXPECT_TRUE(verify(pair.hotkey(), as_bytes("message"), first));
  EXPECT_TRUE(verify(pair.hotkey(), as_bytes("message"), second));
  EXPECT_FALSE(verify(pair.hotkey(), as_bytes("Message"), first));
  EXPECT_FALSE(verify(pair.hotkey(), as_bytes(""), first));
}

TEST(Sr25519, EachChangedBitIsRefused) {
  SeededRandom random(2);
  const KeyPair pair = alice();
  const Signature signature = pair.sign(as_bytes("message"), random);
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Signature changed = signature;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(verify(pair.hotkey(), as_bytes("message"), changed)) << bit;
  }
}

// s and s plus the order of the group are one scalar: only the smaller is taken.
TEST(Sr25519, ASignatureHasOneFormOnly) {
  SeededRandom random(3);
  const KeyPair pair = alice();
  Signature signature = pair.sign(as_bytes("message"), random);
  const auto order = parse_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned mark = i == 31 ? 0x80U : 0U;
    const unsigned sum = (std::to_integer<unsigned>(signature[32 + i]) & ~mark) +
                         std::to_integer<unsigned>((*order)[i]) + carry;
    signature[32 + i] = static_cast<std::byte>((sum & 0xffU) | mark);
    carry = sum >> 8;
  }
  EXPECT_FALSE(verify(pair.hotkey(), as_bytes("message"), signature));
}

TEST(Sr25519, SignersThatAreNoKeysAreRefused) {
  SeededRandom random(4);
  const Signature signature = alice().sign(as_bytes("message"), random);
  AccountId account{};  // the neutral element
  EXPECT_FALSE(verify(Hotkey(account), as_bytes("message"), signature));
  // With it, R = s*B holds for every message: here s = 1.
  Signature forged{};
  const auto generator =
      parse_hex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76").value();
  std::ranges::copy(generator, forged.begin());
  forged[32] = std::byte{1};
  forged[63] = std::byte{0x80};
  EXPECT_FALSE(verify(Hotkey(account), as_bytes("message"), forged));
  std::ranges::fill(account, std::byte{0xff});  // no element
  EXPECT_FALSE(verify(Hotkey(account), as_bytes("message"), signature));
  EXPECT_FALSE(verify(alice().hotkey(), as_bytes("message"), Signature{}));
}

TEST(SignatureText, HasOneFormOnly) {
  SeededRandom random(5);
  const Signature signature = alice().sign(as_bytes("m"), random);
  const std::string text = to_text(signature);
  EXPECT_EQ(parse_signature(text).value(), signature);
  std::string upper = text;
  std::ranges::transform(upper.begin() + 2, upper.end(), upper.begin() + 2, [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  });
  const std::string refused[] = {
      "",    text.substr(2),        text.substr(0, text.size() - 2),      text + "00",
      upper, "0X" + text.substr(2), text.substr(0, text.size() - 1) + "g"};
  for (const std::string& bad : refused) EXPECT_FALSE(parse_signature(bad)) << bad;
}

}  // namespace
}  // namespace assay::keys

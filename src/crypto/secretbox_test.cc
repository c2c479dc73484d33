#include "crypto/secretbox.h"

#include "core/hex.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::crypto {
namespace {

// Half a gigabyte and three seconds a key are for people, not for tests.
constexpr Argon2Cost kCheap = {.num_passes = 3, .memory = ByteCount(64U << 10)};
constexpr std::array<std::byte, kArgon2SaltSize> kSalt = {std::byte{1}};
constexpr std::array<std::byte, kSecretboxNonceSize> kNonce = {std::byte{2}};

SecretBytes<32> key_of(std::string_view password) {
  auto key = key_of_password(Secret(password), kSalt, kCheap);
  EXPECT_TRUE(key);
  return std::move(*key);
}

TEST(Secretbox, OpensWithItsPasswordOnly) {
  const std::string box = make_secretbox(Secret(std::string_view("seed")), kNonce, key_of("a"));
  const auto opened = open_secretbox(as_bytes(box), kNonce, key_of("a"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal(), "seed");
  const auto refused = open_secretbox(as_bytes(box), kNonce, key_of("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
}

TEST(Secretbox, NoticesEachChangedByte) {
  const std::string box = make_secretbox(Secret(std::string_view("seed")), kNonce, key_of("a"));
  for (std::size_t i = 0; i < box.size(); ++i) {
    std::string changed = box;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_secretbox(as_bytes(changed), kNonce, key_of("a"))) << i;
  }
  const auto cut = open_secretbox(as_bytes(box).first(15), kNonce, key_of("a"));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
}

TEST(PasswordKey, SaysSoWhenTheMemoryIsNotThere) {
  const auto key = key_of_password(Secret(std::string_view("a")), kSalt,
                                   {.num_passes = 3, .memory = ByteCount(std::uint64_t{1} << 50)});
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kExhausted);
}

}  // namespace
}  // namespace assay::crypto

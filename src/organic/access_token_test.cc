#include "organic/access_token.h"

#include "core/bytes.h"
#include "core/testing/fake_clock.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::organic {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using protocol::testing::alice;
using protocol::testing::bob;

class AccessToken : public ::testing::Test {
 protected:
  std::string token(std::chrono::seconds good_for = 1h, const keys::KeyPair& signer = alice()) {
    const auto made = make_access_token(
        {.client = "shop", .issued = clock_.now(), .expires = clock_.now() + good_for}, signer,
        random_);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or("");
  }
  std::string refusal(std::string_view text) {
    const auto read = read_access_token(text, alice().hotkey(), clock_.now());
    if (read) return "taken";
    EXPECT_EQ(read.error().code, ErrorCode::kDenied);
    return read.error().message;
  }

  FakeClock clock_;
  SeededRandom random_{1};
};

TEST_F(AccessToken, SaysWhoAndUntilWhen) {
  const std::string text = token();
  EXPECT_TRUE(text.starts_with("assay1.shop.1761523200.1761526800.")) << text;
  const auto grant = read_access_token(text, alice().hotkey(), clock_.now());
  ASSERT_TRUE(grant) << grant.error().message;
  EXPECT_EQ(grant->client, "shop");
  EXPECT_EQ(grant->expires, clock_.now() + 1h);
}

TEST_F(AccessToken, EndsWhenItSays) {
  const std::string text = token();
  clock_.advance(1h - 1s);
  EXPECT_EQ(refusal(text), "taken");
  clock_.advance(1s);
  EXPECT_TRUE(refusal(text).contains("expired"));
}

TEST_F(AccessToken, OfAnotherValidatorIsRefused) {
  EXPECT_TRUE(refusal(token(1h, bob())).contains("not signed by this validator"));
}

TEST_F(AccessToken, NoCharacterCanBeChanged) {
  const std::string text = token();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'a', 'A', '0', '9', '.', '-', '\0'}) {
      std::string changed = text;
      if (changed[i] == other) continue;
      changed[i] = other;
      EXPECT_NE(refusal(changed), "taken") << i << " " << changed;
    }
    EXPECT_NE(refusal(text.substr(0, i)), "taken") << i;
  }
  EXPECT_NE(refusal(text + "A"), "taken");
  EXPECT_NE(refusal(text + "="), "taken");
  EXPECT_NE(refusal(std::string(1'000'000, '.')), "taken");
}

// A hotkey also signs requests, and who sees those must not have a token by it.
TEST_F(AccessToken, IsNoSignatureOfAnythingElse) {
  const std::string bare = "shop.1761523200.1761526800";
  const auto signature = alice().sign(as_bytes(bare), random_);
  const std::string hex = keys::to_text(signature);
  EXPECT_NE(refusal("assay1." + bare + "." + hex), "taken");
}

TEST_F(AccessToken, IsNeverGoodForLong) {
  const auto made = make_access_token(
      {.client = "shop", .issued = clock_.now(), .expires = clock_.now() + kMaxTokenTime + 1s},
      alice(), random_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidInput);
  // Its maker's clock may be a little ahead, but nobody stores tokens for later.
  const std::string text = token();
  clock_.advance(-60s);
  EXPECT_EQ(refusal(text), "taken");
  clock_.advance(-1s);
  EXPECT_TRUE(refusal(text).contains("future"));
}

TEST_F(AccessToken, NamesAreShortAndPlain) {
  for (const std::string name : {"", "a b", "a.b", "a\n", "\xc3\xa4"}) {
    EXPECT_FALSE(make_access_token(
        {.client = name, .issued = clock_.now(), .expires = clock_.now() + 1h}, alice(), random_))
        << name;
  }
  EXPECT_FALSE(make_access_token({.client = std::string(kMaxClientName + 1, 'a'),
                                  .issued = clock_.now(),
                                  .expires = clock_.now() + 1h},
                                 alice(), random_));
}

}  // namespace
}  // namespace assay::organic

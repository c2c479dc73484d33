#include "keys/ss58.h"

#include "core/hex.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace assay::keys {
namespace {

constexpr std::string_view kAlice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

std::string refusal_of(std::string_view text) {
  const auto parsed = parse_ss58(text);
  if (parsed) return "taken";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
  return parsed.error().message;
}

TEST(Ss58, ReadsAndWritesTheWellKnownAccounts) {
  const auto alice = Hotkey::parse(kAlice);
  ASSERT_TRUE(alice);
  EXPECT_EQ(to_hex(alice->account()),
            "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
  EXPECT_EQ(alice->to_ss58(), kAlice);
  // The same account on Polkadot (0) and Kusama (2).
  EXPECT_EQ(to_ss58({.network = 0, .account = alice->account()}),
            "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5");
  EXPECT_EQ(to_ss58({.network = 2, .account = alice->account()}),
            "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F");
}

TEST(Ss58, ReadsBackWhateverItWrites) {
  SeededRandom random(1);
  for (int i = 0; i < 300; ++i) {
    Ss58Address address{.network = static_cast<std::uint16_t>(random.below(kMaxSs58Network + 1))};
    const std::size_t num_zeros = random.below(4);
    for (std::size_t k = num_zeros; k < address.account.size(); ++k) {
      address.account[k] = static_cast<std::byte>(random.below(256));
    }
    const auto back = parse_ss58(to_ss58(address));
    ASSERT_TRUE(back) << to_ss58(address);
    EXPECT_EQ(*back, address);
  }
}

TEST(Ss58, RefusesEachMistypedCharacter) {
  for (std::size_t i = 0; i < kAlice.size(); ++i) {
    std::string mistyped(kAlice);
    mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
    EXPECT_NE(refusal_of(mistyped), "taken") << mistyped;
  }
}

TEST(Ss58, RefusesWhatItWouldNotWrite) {
  EXPECT_NE(refusal_of("").find("too short"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(kAlice) + "1").find("not 32 bytes"), std::string::npos);
  EXPECT_NE(refusal_of("1" + std::string(kAlice)), "taken");
  EXPECT_NE(refusal_of(" " + std::string(kAlice)).find("base58"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(kAlice.substr(0, 47)) + "0").find("base58"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(10'000, '5')).find("too long"), std::string::npos);
}

TEST(Ss58, AHotkeyOfAnotherNetworkIsRefused) {
  const auto polkadot = Hotkey::parse("15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5");
  ASSERT_FALSE(polkadot);
  EXPECT_NE(polkadot.error().message.find("its network is 0"), std::string::npos);
}

}  // namespace
}  // namespace assay::keys

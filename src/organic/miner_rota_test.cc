#include "organic/miner_rota.h"

#include "core/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace assay::organic {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;

std::vector<Miner> miners(std::uint16_t count) {
  std::vector<Miner> made;
  for (std::uint16_t uid = 0; uid < count; ++uid) {
    keys::AccountId account{};
    account[0] = static_cast<std::byte>(uid + 1);
    made.push_back({.uid = uid, .hotkey = keys::Hotkey(account), .ip = "127.0.0.1", .port = 1});
  }
  return made;
}

TEST(MinerRota, AsksEachAsOftenAsAnyOtherAndNobodyTwiceAtOnce) {
  const FakeClock clock;
  SeededRandom random(1);
  MinerRota rota(60s);
  const auto available = miners(7);
  std::map<std::uint16_t, int> counts;
  for (int i = 0; i < 700; ++i) {
    std::set<std::uint16_t> hand;
    for (const Miner& miner : rota.choose(3, available, clock.monotonic(), random)) {
      hand.insert(miner.uid);
      ++counts[miner.uid];
    }
    EXPECT_EQ(hand.size(), 3U);
  }
  for (const auto& [uid, count] : counts) EXPECT_NEAR(count, 300, 1) << uid;
  EXPECT_EQ(counts.size(), 7U);
}

TEST(MinerRota, WhoGaveNoAnswerRestsForAWhile) {
  FakeClock clock;
  SeededRandom random(2);
  MinerRota rota(60s);
  const auto available = miners(4);
  rota.rest(available[2].hotkey, clock.monotonic());
  const auto asks_it = [&] {
    const auto chosen = rota.choose(3, available, clock.monotonic(), random);
    EXPECT_EQ(chosen.size(), 3U);
    return std::ranges::count(chosen, 2, &Miner::uid) > 0;
  };
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(asks_it());
  clock.advance(60s);
  bool was_asked = false;
  for (int i = 0; i < 20; ++i) was_asked |= asks_it();
  EXPECT_TRUE(was_asked);
  EXPECT_EQ(rota.num_resting(), 0U);
}

TEST(MinerRota, WhenAllRestTheyAreAskedAllTheSame) {
  const FakeClock clock;
  SeededRandom random(3);
  MinerRota rota(60s);
  const auto available = miners(2);
  for (const Miner& miner : available) rota.rest(miner.hotkey, clock.monotonic());
  EXPECT_EQ(rota.choose(3, available, clock.monotonic(), random).size(), 2U);
  EXPECT_TRUE(rota.choose(3, {}, clock.monotonic(), random).empty());
}

// A slot that is taken by others again and again.
TEST(MinerRota, RemembersOnlyWhoIsThere) {
  const FakeClock clock;
  SeededRandom random(4);
  MinerRota rota(1h);
  for (int i = 0; i < 10'000; ++i) {
    auto available = miners(3);
    keys::AccountId account{};
    account[1] = static_cast<std::byte>(i & 255);
    account[2] = static_cast<std::byte>(i >> 8);
    available[1].hotkey = keys::Hotkey(account);
    rota.choose(3, available, clock.monotonic(), random);
    rota.rest(available[1].hotkey, clock.monotonic());
    ASSERT_LE(rota.num_resting(), 4U);
  }
}

}  // namespace
}  // namespace assay::organic

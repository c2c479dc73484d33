#include "scoring/deck.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay::scoring {
namespace {

TEST(Deck, LetsNewcomersInAndLeaversGoAtOnce) {
  SeededRandom random(3);
  Deck deck;
  std::vector<Uid> eligible{1, 2, 3, 4, 5, 6, 7, 8};
  deck.deal(2, eligible, random);
  eligible = {5, 6, 7, 8, 9};
  for (int i = 0; i < 100; ++i) {
    for (const Uid uid : deck.deal(3, eligible, random)) {
      EXPECT_EQ(std::ranges::count(eligible, uid), 1);
    }
  }
  Deck fresh;
  fresh.deal(1, std::vector<Uid>{1, 2}, random);
  const auto hand = fresh.deal(2, std::vector<Uid>{1, 2, 9}, random);
  EXPECT_EQ(std::ranges::count(hand, Uid{9}), 1) << "a newcomer waited for the next deck";
}

TEST(Deck, DealsToNobodyWithoutAnybody) {
  SeededRandom random(3);
  Deck deck;
  EXPECT_TRUE(deck.deal(10, {}, random).empty());
  EXPECT_TRUE(deck.deal(0, std::vector<Uid>{1}, random).empty());
}

TEST(Deck, GoesOnWhereASavedOneWas) {
  SeededRandom random(3);
  const std::vector<Uid> eligible{1, 2, 3, 4, 5, 6, 7};
  Deck deck;
  std::vector<Uid> all = deck.deal(3, eligible, random);
  Deck restored({deck.pending().begin(), deck.pending().end()},
                {deck.dealt().begin(), deck.dealt().end()});
  const auto rest = restored.deal(4, eligible, random);
  all.insert(all.end(), rest.begin(), rest.end());
  std::ranges::sort(all);
  EXPECT_EQ(all, eligible);
}

TEST(Availability, LeavesOutSelfValidatorsAndWhoDoesNotServe) {
  const std::vector<Neuron> neurons{
      {.hotkey = "a", .is_serving = true},
      {.hotkey = "b", .is_serving = true, .has_validator_permit = true, .stake = 50'000},
      {.hotkey = "c", .is_serving = false},
      {.hotkey = "d", .is_serving = true, .has_validator_permit = true, .stake = 40'096},
      {.hotkey = "e", .is_serving = true}};
  EXPECT_EQ(available_uids(neurons, 4), (std::vector<Uid>{0, 3}));
}

}  // namespace
}  // namespace assay::scoring

#include "updater/demand.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay::updater {
namespace {

using cache::Label;

std::vector<std::optional<Label>> rows(std::string_view text) {
  std::vector<std::optional<Label>> labels;
  for (const char letter : text) {
    std::optional<Label> label;
    if (letter == '1') label = Label::kRoadwork;
    if (letter == '0') label = Label::kNone;
    labels.push_back(label);
  }
  return labels;
}

TEST(Demand, ChoosesWhatIsMissingMost) {
  SeededRandom random(1);
  const Demand demand = Demand::of_each({{Label::kRoadwork, 5}, {Label::kNone, 2}});
  EXPECT_EQ(demand.num_open(), 7U);
  const auto labels = rows("0000011111??");
  // Three roadwork first, then in turns.
  auto chosen = demand.choose(labels, {}, 3, random);
  ASSERT_EQ(chosen.size(), 3U);
  EXPECT_TRUE(std::ranges::all_of(chosen, [](std::uint64_t row) { return row >= 5; }));
  chosen = demand.choose(labels, {}, 100, random);
  EXPECT_EQ(chosen.size(), 7U);
  EXPECT_TRUE(std::ranges::is_sorted(chosen));
  EXPECT_EQ(std::ranges::count_if(chosen, [](std::uint64_t row) { return row < 5; }), 2);
}

TEST(Demand, LeavesOutRowsThatWereTaken) {
  SeededRandom random(1);
  const Demand demand = Demand::of_any(100, {});
  const std::vector<std::uint64_t> taken = {0, 2, 3};
  EXPECT_EQ(demand.choose(rows("01?01"), taken, 100, random), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(Demand::of_any(100, {Label::kNone}).choose(rows("01?01"), {}, 100, random),
            (std::vector<std::uint64_t>{0, 3}));
  EXPECT_TRUE(Demand::of_each({{Label::kNone, 4}}).choose(rows("?1"), {}, 100, random).empty());
}

TEST(Demand, EndsWhenAllCame) {
  Demand demand = Demand::of_each({{Label::kRoadwork, 1}});
  EXPECT_TRUE(demand.wants(Label::kRoadwork));
  EXPECT_FALSE(demand.wants(Label::kNone));
  EXPECT_FALSE(demand.wants(std::nullopt));
  demand.take(Label::kRoadwork);
  EXPECT_EQ(demand.num_open(), 0U);
  EXPECT_FALSE(demand.wants(Label::kRoadwork));
}

TEST(Demand, DrawsRowsByChance) {
  SeededRandom random(1);
  const auto labels = rows(std::string(1000, '1'));
  const auto first = Demand::of_any(10, {}).choose(labels, {}, 10, random);
  const auto second = Demand::of_any(10, {}).choose(labels, {}, 10, random);
  EXPECT_NE(first, second);
  EXPECT_GT(first.back(), 500U);
}

}  // namespace
}  // namespace assay::updater

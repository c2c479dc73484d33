#include "scoring/simulate.h"

#include "json/value.h"
#include "scoring/synthetic_fleet.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>

namespace assay::scoring {
namespace {

std::vector<RecordedAnswer> history_of(std::string_view fleet_text, std::size_t num_challenges) {
  SeededRandom random(42);
  const auto fleet = parse_fleet(fleet_text).value();
  return synthetic_history(fleet, num_challenges, random);
}

const FormulaEarnings& calibrated(const Simulation& simulation) {
  return simulation.formulas.at(1);
}

TEST(Fleet, SaysWhatIsWrong) {
  for (const std::string bad : {"", "skilled", "skilled=x", "clever=1", "skilled=5000", "copying=1",
                                "skilled=0", "skilled=-1", "skilled=1,"}) {
    EXPECT_EQ(parse_fleet(bad).error().code, ErrorCode::kInvalidInput) << bad;
  }
  EXPECT_EQ(parse_fleet("skilled=2,yes=1").value().size(), 3U);
}

TEST(Fleet, HasAsManyOfEachLabelAndRepeats) {
  const auto history = history_of("skilled=1,guessing=1", 50);
  ASSERT_EQ(history.size(), 100U);
  int present = 0;
  for (const auto& recorded : history) present += recorded.answer.label == Label::kPresent ? 1 : 0;
  EXPECT_EQ(present, 50);
  const auto again = history_of("skilled=1,guessing=1", 50);
  for (std::size_t i = 0; i < history.size(); ++i) {
    EXPECT_EQ(history[i].answer.prediction, again[i].answer.prediction);
  }
}

TEST(Simulate, TellsLazyFromHonestWithoutBeingTold) {
  const auto history =
      history_of("skilled=3,fair=3,doubting=2,guessing=3,yes=2,broken=2,silent=2", 200);
  const Simulation simulation = simulate(history, {});
  ASSERT_EQ(simulation.miners.size(), 17U);
  for (std::size_t i = 0; i < simulation.miners.size(); ++i) {
    EXPECT_EQ(simulation.miners[i].conduct, i < 8 ? Conduct::kHonest : Conduct::kLazy) << i;
  }
  EXPECT_EQ(simulation.miners[16].num_silent, 200U);
  EXPECT_EQ(calibrated(simulation).separation, 1.0);
  EXPECT_LT(calibrated(simulation).share_of_lazy, 0.01);
  const auto& shares = calibrated(simulation).shares;
  EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-9);
}

TEST(Simulate, FindsCopiesAndPaysThemOnce) {
  const auto history = history_of("skilled=4,fair=4,copying=2", 200);
  const Simulation reported = simulate(history, {});
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  for (const CopyPair& pair : reported.copies) pairs.emplace(pair.first, pair.second);
  EXPECT_EQ(pairs, (std::set<std::pair<std::size_t, std::size_t>>{{0, 8}, {0, 9}, {8, 9}}));
  const Simulation shared = simulate(history, {}, {.copy_policy = CopyPolicy::kShare});
  const auto& full = calibrated(reported).shares;
  const auto& split = calibrated(shared).shares;
  EXPECT_NEAR(full[0], full[8], 1e-9);
  EXPECT_NEAR(split[0] / split[1], full[0] / full[1] / 3, 1e-6);
}

TEST(Simulate, KnowsNoCopiesWhereChallengesHaveNoNames) {
  auto history = history_of("skilled=2,copying=1", 200);
  for (auto& recorded : history) recorded.challenge.clear();
  const Simulation simulation = simulate(history, {});
  EXPECT_FALSE(simulation.has_challenges);
  EXPECT_TRUE(simulation.copies.empty());
  EXPECT_NE(to_text(simulation).find("copies: unknown"), std::string::npos);
}

TEST(Simulate, ANewHotkeyIsAnotherMiner) {
  auto history = history_of("skilled=1,yes=1", 100);
  for (std::size_t i = 150; i < history.size(); ++i) {
    if (history[i].uid == 0) history[i].hotkey = "other";
  }
  const Simulation simulation = simulate(history, {});
  ASSERT_EQ(simulation.miners.size(), 2U);
  EXPECT_EQ(simulation.miners[0].hotkey, "other");
  EXPECT_EQ(simulation.miners[0].num_asked, 25U);
}

TEST(Simulate, PrintsAnEmptyHistory) {
  const Simulation simulation = simulate({}, {});
  EXPECT_NE(to_text(simulation).find("0 miners, 0 answers"), std::string::npos);
  EXPECT_TRUE(json::parse(to_json(simulation)));
}

TEST(Simulate, PrintsJsonThatReadsBack) {
  const auto parsed =
      json::parse(to_json(simulate(history_of("skilled=1,yes=1,copying=1", 100), {})));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->find("miners")->list()->size(), 3U);
  EXPECT_EQ(parsed->find("copies")->list()->size(), 1U);
}

}  // namespace
}  // namespace assay::scoring

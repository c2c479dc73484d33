// Whatever goes wrong, and wherever a validator is killed, each round counts once, weights are
// always valid, and scores and weights are those of a validator that was never killed.

#include "core/testing/slowness.h"
#include "validator/testing/validator_simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace assay::validator {
namespace {

using assay::testing::kSlowness;
using scoring::Label;
using testing::Simulation;
using testing::SimulationOptions;
using testing::SimulationTally;

// Shards, for tests run beside each other.
constexpr std::uint64_t kNumShards = 25;
constexpr std::uint64_t kNumSimulatedRounds = 200;

std::uint64_t num_seeds() {
  const char* const given = std::getenv("ASSAY_SIMULATION_SEEDS");
  if (given != nullptr) return std::strtoull(given, nullptr, 10);
  return std::getenv("ASSAY_TEST_FULL") != nullptr ? 1'000 : 50;
}

class ManySimulations : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ManySimulations, ScoresAndWeightsAreThoseOfARunWithoutDeaths) {
  SimulationTally sum;
  const std::uint64_t num_of_shard =
      std::max<std::uint64_t>(1, num_seeds() / kNumShards / kSlowness);
  const SimulationOptions options{.num_rounds = kSlowness > 1 ? kNumSimulatedRounds / 4
                                                              : kNumSimulatedRounds};
  for (std::uint64_t i = 0; i < num_of_shard; ++i) {
    const std::uint64_t seed = 1 + GetParam() + i * kNumShards;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed, options);
    simulation.run();
    if (HasFailure()) return;
    const SimulationTally& tally = simulation.tally();
    sum.num_deaths += tally.num_deaths;
    sum.num_stops += tally.num_stops;
    sum.num_in_doubt += tally.num_in_doubt;
    sum.num_submissions += tally.num_submissions;
    sum.num_repeated += tally.num_repeated;
    sum.num_refused_for_skew += tally.num_refused_for_skew;
    sum.num_replaced += tally.num_replaced;
    sum.num_added += tally.num_added;
  }
  if (kSlowness > 1) return;
  // Otherwise it proves nothing.
  EXPECT_GT(sum.num_deaths, 4 * num_of_shard);
  EXPECT_GT(sum.num_in_doubt, 0);
  EXPECT_GT(sum.num_stops, 0);
  EXPECT_GT(sum.num_submissions, 5 * num_of_shard);
  EXPECT_GT(sum.num_repeated, 0);
  EXPECT_GT(sum.num_refused_for_skew, 0);
  EXPECT_GT(sum.num_replaced, 0);
  EXPECT_GT(sum.num_added, 0);
}

INSTANTIATE_TEST_SUITE_P(Simulation, ManySimulations,
                         ::testing::Range<std::uint64_t>(0, kNumShards));

TEST(Simulation, TheSameSeedIsTheSameWorld) {
  Simulation first(5, {.num_rounds = 40});
  Simulation second(5, {.num_rounds = 40});
  first.run();
  second.run();
  EXPECT_EQ(first.tally(), second.tally());
}

TEST(Simulation, WhatLeavesBeforeTheAnswersTellsNoLabel) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimulationOptions options{.deaths = SimulationOptions::Deaths::kNone, .num_rounds = 40};
    options.only = Label::kPresent;
    Simulation present(seed, options);
    options.only = Label::kAbsent;
    Simulation absent(seed, options);
    present.run();
    absent.run();
    ASSERT_GT(present.sights().size(), 100U);
    // Addressees, bodies, order and times, to the last bit.
    EXPECT_EQ(present.sights(), absent.sights());
  }
}

}  // namespace
}  // namespace assay::validator

#include "statistics/binomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay::statistics {
namespace {

struct TailCase {
  std::uint64_t successes;
  std::uint64_t trials;
  double probability;
  double tail;
};

// Computed with Python's decimal at 50 digits from the exact value of each double.
TEST(BinomialUpperTail, AgreesWithExactArithmetic) {
  const std::vector<TailCase> cases{
      {1, 1, 0.03, 0.029999999999999999},
      {1, 134, 0.03, 0.98311844719032815},
      {4, 126, 0.03, 0.52485708443131829},
      {10, 126, 0.03, 0.0048431270061247249},
      {126, 126, 0.03, 1.3100205086376143e-192},
      {0, 10, 0.03, 1},
      {30, 1000, 0.03, 0.52539186950948702},
      {47, 1000, 0.03, 0.0021030430677443372},
      {200, 1000, 0.03, 5.2396798414857468e-100},
      {282, 9400, 0.03, 0.50828166699735389},
      {283, 9400, 0.03, 0.48416755976161874},
      {334, 9400, 0.03, 0.0011923887993376882},
      {281, 9400, 0.03, 0.53239312985242937},
      {250, 9400, 0.03, 0.9769149164874269},
      {5, 17, 0.5, 0.9754791259765625},
      {15, 16, 1e-09, 1.5999999985000014e-134},
      {2, 1000000, 1e-06, 0.26424111765708469},
      {29000, 1000000, 0.03, 0.99999999813963114},
      {30500, 1000000, 0.03, 0.0017433351902302664},
      {300000, 10000000, 0.03, 0.50025390984676377},
      {300001, 10000000, 0.03, 0.49951436681290012},
      {301620, 10000000, 0.03, 0.0013505949048293847},
      {310000, 10000000, 0.03, 3.2228477380355296e-76},
      {318000, 10000000, 0.03, 7.3810063981090018e-240},
      {298000, 10000000, 0.03, 0.99989725155551568},
      {5001000, 10000000, 0.5, 0.26364792810332188},
      {9999999, 10000000, 0.9999999, 0.73575888253652044},
      {1, 10000000, 1e-09, 0.0099501662557821956},
      {7, 10000000, 1e-09, 1.9668386842244728e-18},
  };
  for (const TailCase& one : cases) {
    const double tail = binomial_upper_tail(one.successes, one.trials, one.probability);
    EXPECT_LE(std::abs(tail / one.tail - 1), 1e-10)
        << one.successes << " of " << one.trials << " at " << one.probability << ": " << tail;
  }
}

TEST(BinomialUpperTail, IsZeroBelowTheSmallestDouble) {
  EXPECT_EQ(binomial_upper_tail(10'000'000, 10'000'000, 0.03), 0);
}

TEST(BinomialUpperTail, IsCertainOrImpossibleAtTheEnds) {
  EXPECT_EQ(binomial_upper_tail(0, 0, 0.03), 1);
  EXPECT_EQ(binomial_upper_tail(0, 5, 0), 1);
  EXPECT_EQ(binomial_upper_tail(1, 5, 0), 0);
  EXPECT_EQ(binomial_upper_tail(5, 5, 1), 1);
}

TEST(BinomialUpperTail, FallsAsSuccessesGrow) {
  double before = 1;
  for (std::uint64_t successes = 1; successes <= 2'000; ++successes) {
    const double tail = binomial_upper_tail(successes, 2'000, 0.3);
    // Near one the steps are smaller than a double shows.
    EXPECT_LE(tail, before) << successes;
    before = tail;
  }
}

struct IntervalCase {
  std::uint64_t successes;
  std::uint64_t trials;
  double lower;
  double upper;
};

// Computed with Python's decimal by halving, at 50 digits.
TEST(ClopperPearson, AgreesWithExactArithmetic) {
  const std::vector<IntervalCase> cases{
      {0, 10, 0, 0.308497107818761},
      {10, 10, 0.691502892181239, 1},
      {1, 10, 0.00252857854446178, 0.445016117028195},
      {5, 10, 0.187086028447399, 0.812913971552601},
      {0, 134, 0, 0.0271534828798002},
      {1, 134, 0.00018892101773101, 0.0408770375363429},
      {13, 126, 0.0560904191034118, 0.169968596406371},
      {1, 1, 0.025, 1},
      {0, 1, 0, 0.975},
      {30, 1000, 0.0203304856831096, 0.0425514024700291},
      {999, 1000, 0.994441075720173, 0.999974682512509},
      {300, 9400, 0.0284540319246341, 0.0356696389017962},
      {66, 9400, 0.00543429512372076, 0.00892423879182522},
      {9400, 9400, 0.999607643007664, 1},
  };
  for (const IntervalCase& one : cases) {
    const RateInterval interval = clopper_pearson(one.successes, one.trials, 0.95);
    EXPECT_NEAR(interval.lower, one.lower, 1e-12 * one.lower) << one.successes << "/" << one.trials;
    EXPECT_NEAR(interval.upper, one.upper, 1e-12 * one.upper) << one.successes << "/" << one.trials;
  }
  EXPECT_NEAR(clopper_pearson(70'000, 10'000'000, 0.95).lower, 0.00694841880252844, 1e-14);
  EXPECT_NEAR(clopper_pearson(3, 10'000'000, 0.95).lower, 6.18672165625059e-08, 1e-18);
}

TEST(ClopperPearson, HoldsTheRateForEveryCount) {
  for (std::uint64_t trials = 1; trials <= 60; ++trials) {
    for (std::uint64_t successes = 0; successes <= trials; ++successes) {
      const RateInterval interval = clopper_pearson(successes, trials, 0.95);
      const double rate = static_cast<double>(successes) / static_cast<double>(trials);
      EXPECT_LE(interval.lower, rate);
      EXPECT_GE(interval.upper, rate);
      if (successes > 0) {
        EXPECT_NEAR(binomial_upper_tail(successes, trials, interval.lower), 0.025, 1e-12);
      }
    }
  }
}

TEST(ClopperPearson, KnowsNothingWithoutTrials) {
  const RateInterval interval = clopper_pearson(0, 0, 0.95);
  EXPECT_EQ(interval.lower, 0);
  EXPECT_EQ(interval.upper, 1);
}

TEST(AdjustPValues, FollowsTheStepUpRule) {
  const std::vector<double> adjusted = adjust_p_values(std::vector{0.04, 0.005, 0.03, 0.9, 0.011});
  // By rank: 0.005 * 5/1, 0.011 * 5/2, 0.03 * 5/3, 0.04 * 5/4, 0.9; each no larger than the next.
  const std::vector<double> expected{0.05, 0.025, 0.05, 0.9, 0.0275};
  ASSERT_EQ(adjusted.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
}

TEST(AdjustPValues, NeverExceedsOneAndTakesNothing) {
  EXPECT_EQ(adjust_p_values(std::vector{1.0, 0.9}), (std::vector{1.0, 1.0}));
  EXPECT_TRUE(adjust_p_values({}).empty());
}

}  // namespace
}  // namespace assay::statistics

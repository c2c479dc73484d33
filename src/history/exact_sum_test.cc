#include "history/exact_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace assay::history {
namespace {

double mean_of(const std::vector<double>& values) {
  ExactSum sum;
  for (const double value : values) sum.add(value);
  return sum.mean();
}

double deviation_of(const std::vector<double>& values) {
  ExactMoments moments;
  for (const double value : values) moments.add(value);
  return moments.standard_deviation();
}

// Expected figures are those of Python 3.11's statistics.mean() and statistics.stdev().

TEST(ExactSum, RoundsTheMeanOnce) {
  EXPECT_EQ(mean_of({0.1, 0.1, 0.1}), 0.1);
  EXPECT_EQ(mean_of({0.1, 0.2, 0.3}), 0.2);
  EXPECT_EQ(mean_of({1e100, 1.0, -1e100}), 1.0 / 3);
  EXPECT_EQ(mean_of({1e308, 1e308, 1e308, 1e308}), 1e308);
}

TEST(ExactSum, HoldsTheSmallestAndTheSign) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(mean_of({tiny, tiny}), tiny);
  EXPECT_EQ(mean_of({tiny, 0.0}), 0.0);           // half to even
  EXPECT_EQ(mean_of({3 * tiny, 0.0}), 2 * tiny);  // 1.5 to 2
  EXPECT_EQ(mean_of({-1.5, -2.5}), -2.0);
  EXPECT_EQ(mean_of({-1.0, 1.0, -1.0}), -1.0 / 3);
  EXPECT_EQ(mean_of({-5.0, 6.0}), 0.5);
}

TEST(ExactSum, DoesNotDependOnTheOrderOrTheWorkers) {
  ExactMoments whole;
  ExactMoments first;
  ExactMoments second;
  for (int i = 0; i < 1000; ++i) {
    const double value = std::sin(i) * std::pow(10.0, i % 30 - 15);
    whole.add(value);
    (i % 3 == 0 ? first : second).add(value);
  }
  second += first;
  EXPECT_EQ(whole.mean(), second.mean());
  EXPECT_EQ(whole.standard_deviation(), second.standard_deviation());
  EXPECT_EQ(second.count(), 1000U);
}

TEST(ExactSum, LetsWhatIsNoNumberDecide) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(mean_of({1.0, std::nan("")})));
  EXPECT_EQ(mean_of({1.0, infinity}), infinity);
  EXPECT_EQ(mean_of({-infinity, 1.0}), -infinity);
  EXPECT_TRUE(std::isnan(mean_of({infinity, -infinity})));
  EXPECT_TRUE(std::isnan(deviation_of({1.0, infinity})));
}

TEST(ExactMoments, RoundsTheDeviationOnce) {
  EXPECT_EQ(deviation_of({0.1, 0.1, 0.1}), 0.0);
  EXPECT_EQ(deviation_of({1.0, 2.0}), 0.7071067811865476);
  EXPECT_EQ(deviation_of({1.0, 2.0, 3.0, 4.0}), 1.2909944487358056);
  EXPECT_EQ(deviation_of({1e15 + 0.25, 1e15 + 0.5, 1e15 + 0.75}), 0.25);
  EXPECT_EQ(deviation_of({0.2303, 0.1484, 0.3254, 0.08, 0.2034}), 0.09176889451224746);
  EXPECT_EQ(deviation_of({1e-200, 3e-200, 4e-200}), 1.5275252316519466e-200);
  EXPECT_EQ(deviation_of({-1e300, 1e300}), 1.4142135623730952e+300);
}

}  // namespace
}  // namespace assay::history

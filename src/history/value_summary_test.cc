#include "history/value_summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

TEST(ValueSummary, TakesTheMeanOfTheMiddleTwo) {
  ValueList list;
  for (const double value : {4.0, 1.0, 3.0, 10.0}) list.add(value);
  const ValueSummary summary = list.summarise();
  EXPECT_EQ(summary.count, 4U);
  EXPECT_EQ(summary.median, 3.5);
  EXPECT_EQ(summary.mean, 4.5);
  EXPECT_EQ(summary.minimum, 1.0);
  EXPECT_EQ(summary.maximum, 10.0);
  EXPECT_EQ(summary.standard_deviation, 3.872983346207417);
}

TEST(ValueSummary, TakesTheMiddleOfAnOddCount) {
  ValueList list;
  for (const double value : {4.0, 1.0, 3.0}) list.add(value);
  EXPECT_EQ(list.summarise().median, 3.0);
}

TEST(ValueSummary, HasNoDeviationOfOneAndNothingOfNone) {
  ValueList list;
  EXPECT_EQ(list.summarise().count, 0U);
  list.add(7.0);
  EXPECT_EQ(list.summarise().median, 7.0);
  EXPECT_FALSE(list.summarise().standard_deviation.has_value());
}

TEST(ValueSummary, ShowsThatAValueIsNoNumber) {
  ValueList list;
  for (const double value : {0.2641, std::nan(""), 0.2502, 0.1689}) list.add(value);
  const ValueSummary summary = list.summarise();
  EXPECT_TRUE(std::isnan(summary.mean));
  EXPECT_TRUE(std::isnan(summary.minimum));
  EXPECT_TRUE(std::isnan(summary.maximum));
  EXPECT_EQ(summary.median, (0.1689 + 0.2502) / 2);
}

TEST(ValueSummary, CountsNanAsLowest) {
  const auto median_of = [](std::initializer_list<double> values) {
    ValueList list;
    for (const double value : values) list.add(value);
    return list.summarise().median;
  };
  EXPECT_TRUE(std::isnan(median_of({std::nan("")})));
  EXPECT_TRUE(std::isnan(median_of({std::nan(""), 1.0})));
  EXPECT_TRUE(std::isnan(median_of({std::nan(""), 1.0, -std::nan("")})));
  EXPECT_EQ(median_of({3.0, std::nan(""), 1.0}), 1.0);
  EXPECT_EQ(median_of({3.0, std::nan(""), 1.0, 2.0}), 1.5);
}

// Against sorting: few values and many, of all sizes, alike, with signs, zeros and infinities.
TEST(ValueSummary, FindsTheMiddleOfAnyValues) {
  std::mt19937_64 random(1);
  const auto number = [&](int kind) -> double {
    const auto whole = static_cast<double>(random() % 1000) - 500;
    if (kind == 0) return whole;
    if (kind == 1) return whole / 1000;
    if (kind == 2) return std::ldexp(whole, static_cast<int>(random() % 2000) - 1000);
    if (kind == 3) return random() % 100 == 0 ? std::numeric_limits<double>::infinity() : whole;
    return random() % 50 == 0 ? 1e300 : 0.25 + static_cast<double>(random() % 3) * 1e-16;
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<double> values(1 + random() % (round % 10 == 0 ? 5000 : 20));
    ValueList list;
    for (double& value : values) list.add(value = number(round % 5));
    std::ranges::sort(values);
    const double below = values[(values.size() - 1) / 2];
    const double above = values[values.size() / 2];
    const ValueSummary summary = list.summarise();
    EXPECT_EQ(summary.median, values.size() % 2 != 0 ? below : (below + above) / 2) << round;
    EXPECT_EQ(summary.minimum, values.front());
    EXPECT_EQ(summary.maximum, values.back());
  }
}

TEST(ValueSummary, IsTheSameAfterAMerge) {
  ValueList first;
  ValueList second;
  first.add(1.0);
  second.add(5.0);
  second.add(3.0);
  first.merge(std::move(second));
  EXPECT_EQ(first.summarise().median, 3.0);
  EXPECT_EQ(first.summarise().mean, 3.0);
}

}  // namespace
}  // namespace assay::history

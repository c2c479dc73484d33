#include "history/value_summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

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

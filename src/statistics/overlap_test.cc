#include "statistics/overlap.h"

#include <gtest/gtest.h>

#include <array>

namespace assay::statistics {
namespace {

TEST(Overlap, IsFishersExactTestInOneStratum) {
  // The tea-tasting lady: 3 of 4 right, 17/70; all right, 1/70.
  const std::array three{OverlapStratum{.size = 8, .first = 4, .second = 4, .both = 3}};
  EXPECT_NEAR(overlap_upper_tail(three), 17.0 / 70, 1e-15);
  const std::array four{OverlapStratum{.size = 8, .first = 4, .second = 4, .both = 4}};
  EXPECT_NEAR(overlap_upper_tail(four), 1.0 / 70, 1e-15);
}

TEST(Overlap, AddsTheStrata) {
  // Two coins each: of (0, 1) overlaps with 1/2 each, both at once have 1/4.
  const OverlapStratum coin{.size = 2, .first = 1, .second = 1, .both = 1};
  const std::array strata{coin, coin};
  EXPECT_NEAR(overlap_upper_tail(strata), 0.25, 1e-15);
  OverlapStratum other = coin;
  other.both = 0;
  const std::array one{coin, other};
  EXPECT_NEAR(overlap_upper_tail(one), 0.75, 1e-15);
}

TEST(Overlap, KeepsItsPrecisionFarOut) {
  // 1 / C(200, 100)
  const std::array strata{OverlapStratum{.size = 200, .first = 100, .second = 100, .both = 100}};
  const double tail = overlap_upper_tail(strata);
  EXPECT_NEAR(tail / 1.1043803465997514e-59, 1.0, 1e-9);
}

TEST(Overlap, SaysNothingWhereNothingCanVary) {
  EXPECT_EQ(overlap_upper_tail({}), 1);
  const std::array all{OverlapStratum{.size = 5, .first = 5, .second = 5, .both = 5}};
  EXPECT_EQ(overlap_upper_tail(all), 1);
  const std::array none{OverlapStratum{.size = 5, .first = 0, .second = 3, .both = 0}};
  EXPECT_EQ(overlap_upper_tail(none), 1);
}

TEST(Overlap, NeverAccusesForTooFewInCommon) {
  const std::array strata{OverlapStratum{.size = 100, .first = 50, .second = 50, .both = 10}};
  EXPECT_GT(overlap_upper_tail(strata), 0.999);
}

}  // namespace
}  // namespace assay::statistics

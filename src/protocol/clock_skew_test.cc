#include "protocol/clock_skew.h"

#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

namespace assay::protocol {
namespace {

using std::chrono::seconds;

Verdict aged(const keys::KeyPair& sender, std::chrono::nanoseconds age) {
  return Authentic{.sender = sender.hotkey(), .age = age};
}

TEST(ClockSkew, TheMiddleOfTheSendersCountsNotTheLoudest) {
  ClockSkew skew;
  skew.add(aged(testing::alice(), seconds(4)));
  skew.add(aged(testing::bob(), seconds(5)));
  for (int i = 0; i < 100; ++i) skew.add(aged(testing::eve(), seconds(0)));
  EXPECT_EQ(skew.report().num_senders, 3U);
  EXPECT_EQ(skew.report().median_age, seconds(4));
  EXPECT_EQ(describe(skew.report()),
            "the clocks of 3 senders are 4.0 s behind ours in the middle: set this machine's clock "
            "(NTP)");
}

TEST(ClockSkew, RefusalsAreCountedButTheirTimesAreNotBelieved) {
  ClockSkew skew;
  skew.add(Refusal{.reason = RefusalReason::kStale, .age = seconds(99)});
  skew.add(Refusal{.reason = RefusalReason::kFuture, .age = seconds(-99)});
  skew.add(Refusal{.reason = RefusalReason::kBadSignature});
  EXPECT_EQ(skew.report().num_stale, 1U);
  EXPECT_EQ(skew.report().num_future, 1U);
  EXPECT_EQ(skew.report().num_senders, 0U);
  EXPECT_EQ(describe(skew.report()), "");
}

// Then nobody is authentic, whose age could be believed.
TEST(ClockSkew, AClockThatIsFarOffIsToldByWhatItRefuses) {
  ClockSkew skew;
  for (int i = 0; i < 3; ++i) skew.add(aged(testing::alice(), seconds(1)));
  for (int i = 0; i < 19; ++i) skew.add(Refusal{.reason = RefusalReason::kFuture});
  skew.add(Refusal{.reason = RefusalReason::kBadSignature});
  EXPECT_EQ(describe(skew.report()), "");
  skew.add(Refusal{.reason = RefusalReason::kStale});
  EXPECT_EQ(skew.report().num_refused_in_a_row, 20U);
  EXPECT_TRUE(describe(skew.report()).starts_with("the last 20 requests were refused as too old"))
      << describe(skew.report());
  skew.add(aged(testing::alice(), seconds(1)));
  EXPECT_EQ(describe(skew.report()), "") << "somebody's clock agrees with ours";
}

TEST(ClockWarning, IsToldAtOnceAndThenRarely) {
  const ClockSkewReport well;
  const ClockSkewReport wrong{.num_future = 20, .num_refused_in_a_row = 20};
  ClockWarning warning;
  EXPECT_EQ(warning.due(well, seconds(1)), "");
  EXPECT_EQ(warning.due(wrong, seconds(2)), describe(wrong));
  EXPECT_EQ(warning.due(well, seconds(3)), "");
  EXPECT_EQ(warning.due(wrong, seconds(4)), "");
  EXPECT_EQ(warning.due(wrong, seconds(601)), "");
  EXPECT_EQ(warning.due(wrong, seconds(602)), describe(wrong));
}

}  // namespace
}  // namespace assay::protocol

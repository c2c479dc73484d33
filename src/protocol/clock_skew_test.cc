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

}  // namespace
}  // namespace assay::protocol

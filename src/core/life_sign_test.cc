#include "core/life_sign.h"

#include "core/testing/fake_clock.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

using namespace std::chrono_literals;

TEST(LifeSign, OnlyWhoHasWorkOwesOne) {
  testing::FakeClock clock;
  LifeSign sign(clock);
  clock.advance(1h);
  EXPECT_EQ(sign.silence(), 0s);
  sign.add_work(1);
  EXPECT_EQ(sign.silence(), 0s) << "work begins now";
  clock.advance(7s);
  EXPECT_EQ(sign.silence(), 7s);
  sign.give();
  EXPECT_EQ(sign.silence(), 0s);
  clock.advance(9s);
  sign.add_work(-1);
  clock.advance(9s);
  EXPECT_EQ(sign.silence(), 0s);
}

TEST(LifeSign, TheOneBeyondItsLimitIsNamed) {
  EXPECT_EQ(describe_stuck({}), "");
  EXPECT_EQ(describe_stuck({{"one", 7s, 7s}, {"two", 0s, 0s}}), "");
  EXPECT_EQ(describe_stuck({{"one", 7s, 8s}, {"two", 90s, 60s}, {"three", 90s, 60s}}),
            "two has not gone on for 90s");
}

}  // namespace
}  // namespace assay

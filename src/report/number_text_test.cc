#include "report/number_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace assay::report {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(NumberText, GroupsDigitsByThree) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(NumberText, ChangesCarryTheirSign) {
  EXPECT_EQ(change_text(0), "±0");
  EXPECT_EQ(change_text(1204), "+1,204");
  EXPECT_EQ(change_text(-1204), "-1,204");
  EXPECT_EQ(change_text(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(NumberText, SharesNeverRoundToNoneOrAll) {
  EXPECT_EQ(share_text(0), "0.0\u00a0%");
  EXPECT_EQ(share_text(0.4793), "47.9\u00a0%");
  EXPECT_EQ(plain_share_text(0.4793), "47.9 %");
  EXPECT_EQ(share_text(1), "100.0\u00a0%");
  EXPECT_EQ(share_text(0.0001), "<0.1\u00a0%");
  EXPECT_EQ(share_text(0.99999), ">99.9\u00a0%");
  EXPECT_EQ(share_text(kNan), "–");
}

TEST(NumberText, SmallPValuesKeepTheirSize) {
  EXPECT_EQ(p_value_text(1), "1.000");
  EXPECT_EQ(p_value_text(0.0127), "0.013");
  EXPECT_EQ(p_value_text(3.21e-14), "3.2e-14");
  EXPECT_EQ(p_value_text(0), "<1e-300");
  EXPECT_EQ(p_value_text(kNan), "–");
}

TEST(NumberText, RatiosHaveFourDigits) {
  EXPECT_EQ(ratio_text(0.5), "0.5000");
  EXPECT_EQ(ratio_text(std::numeric_limits<double>::infinity()), "–");
}

TEST(NumberText, NounsFollowTheCount) {
  EXPECT_EQ(counted(1, "miner", "miners"), "1 miner");
  EXPECT_EQ(counted(0, "miner", "miners"), "0 miners");
  EXPECT_EQ(counted(2000, "miner", "miners"), "2,000 miners");
}

}  // namespace
}  // namespace assay::report

#include "audit/judgement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace assay::audit {
namespace {

MinerTotals miner_totals(std::string hotkey, std::uint64_t claims, std::uint64_t success_missing) {
  return {.hotkey = std::move(hotkey),
          .jobs = claims + 10,
          .claims = claims,
          .missing_jobs = success_missing + 10,
          .success_missing = success_missing};
}

TEST(JudgeClaims, TestsTheClaimsWithoutImageOfEachMiner) {
  const std::vector<MinerTotals> fleet{miner_totals("honest", 126, 1),
                                       miner_totals("false", 126, 20)};
  const auto judged = judge_claims(fleet, {}).value();
  ASSERT_EQ(judged.size(), 2U);
  EXPECT_EQ(judged[0].hotkey, "honest");
  EXPECT_FALSE(judged[0].suspect);
  EXPECT_TRUE(judged[1].suspect);
  EXPECT_EQ(judged[1].claims, 126U);
  EXPECT_EQ(judged[1].without_image, 20U);
  EXPECT_DOUBLE_EQ(judged[1].rate, 20.0 / 126);
  EXPECT_LT(judged[1].lower, judged[1].rate);
  EXPECT_GT(judged[1].upper, judged[1].rate);
  EXPECT_DOUBLE_EQ(judged[1].p_adjusted, 2 * judged[1].p_value);
}

TEST(JudgeClaims, CountsEveryKindOfClaimWithoutImage) {
  std::vector<MinerTotals> fleet{miner_totals("a", 100, 5)};
  fleet[0].claims_without_address = 7;
  fleet[0].absent_objects = 11;
  EXPECT_EQ(judge_claims(fleet, {}).value()[0].without_image, 23U);
}

TEST(JudgeClaims, LeavesMinersWithoutClaimsOutOfTheAdjustment) {
  std::vector<MinerTotals> fleet{miner_totals("false", 126, 20)};
  const double alone = judge_claims(fleet, {}).value()[0].p_adjusted;
  for (int i = 0; i < 50; ++i) fleet.push_back(miner_totals("idle", 0, 0));
  const auto judged = judge_claims(fleet, {}).value();
  EXPECT_EQ(judged[0].p_adjusted, alone);
  EXPECT_EQ(judged[1].p_value, 1);
  EXPECT_EQ(judged[1].p_adjusted, 1);
  EXPECT_EQ(judged[1].lower, 0);
  EXPECT_EQ(judged[1].upper, 1);
  EXPECT_FALSE(judged[1].suspect);
}

TEST(JudgeClaims, SuspectsNobodyAtTheToleratedRate) {
  std::vector<MinerTotals> fleet;
  for (int i = 0; i < 100; ++i) fleet.push_back(miner_totals("m", 10'000, 300));
  const auto judged = judge_claims(fleet, {}).value();
  for (const MinerJudgement& one : judged) EXPECT_FALSE(one.suspect);
}

TEST(JudgeClaims, TakesNoFleetAtAll) { EXPECT_TRUE(judge_claims({}, {}).value().empty()); }

TEST(JudgeClaims, RefusesOptionsOutOfTheirRange) {
  constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {-0.1, 1.0, kNotANumber}) {
    const auto judged = judge_claims({}, {.tolerated_rate = rate});
    ASSERT_FALSE(judged) << rate;
    EXPECT_EQ(judged.error().code, ErrorCode::kInvalidInput);
  }
  for (const double rate : {0.0, 1.0, kNotANumber}) {
    EXPECT_FALSE(judge_claims({}, {.false_discovery_rate = rate})) << rate;
  }
}

TEST(JudgeClaims, RefusesMoreWithoutImageThanClaims) {
  const std::vector<MinerTotals> fleet{miner_totals("a", 5, 6)};
  const auto judged = judge_claims(fleet, {});
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().message, "miner \"a\": 6 claims without image, but only 5 claims");
}

TEST(ClaimsCsv, PutsTheLeastLikelyFirst) {
  const std::vector<MinerTotals> fleet{miner_totals("b", 100, 0), miner_totals("x,y", 126, 20),
                                       miner_totals("a", 50, 0)};
  const auto judged = judge_claims(fleet, {}).value();
  EXPECT_EQ(to_csv(fleet, judged),
            "miner_hotkey,jobs,claims,success_missing,claims_without_address,absent_objects,"
            "without_image,rate,rate_lower,rate_upper,p_value,p_adjusted,suspect\r\n"
            "\"x,y\",136,126,20,0,0,20,0.15873,0.0997356,0.234446,1.38962e-09,4.16886e-09,True\r\n"
            "a,60,50,0,0,0,0,0,0,0.0711217,1,1,False\r\n"
            "b,110,100,0,0,0,0,0,0,0.0362167,1,1,False\r\n");
}

TEST(ClaimsPath, StandsBesideTheOutput) {
  EXPECT_EQ(claims_path("reports/flagged.csv"), "reports/flagged_claims.csv");
  EXPECT_EQ(claims_path("flagged"), "flagged_claims.csv");
  EXPECT_EQ(claims_path("a.b/x.y.csv"), "a.b/x.y_claims.csv");
}

TEST(DescribeJudgement, CountsTheSuspects) {
  const std::vector<MinerTotals> fleet{miner_totals("a", 100, 0), miner_totals("b", 126, 20)};
  EXPECT_EQ(describe(judge_claims(fleet, {}).value(), {}, "o_claims.csv"),
            "Flagged 1 of 2 miners by their claims (tolerate 0.03, fdr 0.01) -> o_claims.csv");
}

}  // namespace
}  // namespace assay::audit

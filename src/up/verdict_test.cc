#include "up/verdict.h"

#include <gtest/gtest.h>

namespace assay::up {
namespace {

using std::chrono::milliseconds;

MinerFacts answering(std::uint64_t num_answered, double accuracy, double false_alarm_share = 0.1) {
  return {.name = "m",
          .num_asked = num_answered,
          .num_answered = num_answered,
          .accuracy = accuracy,
          .false_alarm_share = false_alarm_share,
          .mean_latency = milliseconds(40)};
}

Verdict verdict_of(const MinerFacts& facts) {
  // Beside others, who answer at the usual pace.
  const std::vector<MinerFacts> fleet = {facts, answering(50, 0.9), answering(50, 0.9)};
  const auto judged = judge(fleet);
  EXPECT_FALSE(judged[0].why.empty());
  return judged[0].verdict;
}

TEST(Verdict, WhoIsMostlyRightIsHonest) {
  EXPECT_EQ(verdict_of(answering(60, 0.95)), Verdict::kHonest);
  EXPECT_EQ(verdict_of(answering(60, 0.75)), Verdict::kHonest);
  EXPECT_EQ(verdict_of(answering(12, 1)), Verdict::kHonest);
}

TEST(Verdict, WhoIsRightLikeACoinGuesses) {
  EXPECT_EQ(verdict_of(answering(40, 0.5, 0.5)), Verdict::kGuesses);
  EXPECT_EQ(verdict_of(answering(40, 0.4, 0.6)), Verdict::kGuesses);
  // One who guesses is this lucky once in a hundred times.
  EXPECT_EQ(verdict_of(answering(84, 53.0 / 84, 0.4)), Verdict::kGuesses);
}

TEST(Verdict, NothingIsSaidAfterFewAnswers) {
  EXPECT_EQ(verdict_of(answering(9, 1)), Verdict::kUnknown);
  EXPECT_EQ(verdict_of(answering(10, 0.7)), Verdict::kUnknown) << "7 of 10 may be either";
  EXPECT_EQ(verdict_of({.num_asked = 4}), Verdict::kUnknown);
}

TEST(Verdict, WhoAlwaysSaysYesIsNotTakenForOneWhoGuesses) {
  EXPECT_EQ(verdict_of(answering(40, 0.5, 1)), Verdict::kAlwaysYes);
}

TEST(Verdict, WhoIsLateButRightIsSlow) {
  MinerFacts facts = answering(40, 0.95);
  facts.mean_latency = milliseconds(3000);
  EXPECT_EQ(verdict_of(facts), Verdict::kSlow);
  EXPECT_FALSE(is_dishonest(Verdict::kSlow));
  MinerFacts others = answering(50, 0.9);
  others.mean_latency = milliseconds(1450);
  const std::vector<MinerFacts> busy = {facts, others, others};
  EXPECT_EQ(judge(busy)[0].verdict, Verdict::kSlow) << "a busy machine";
  // On a machine where all are late nobody is slow.
  const std::vector<MinerFacts> fleet = {facts, facts, facts};
  EXPECT_EQ(judge(fleet)[0].verdict, Verdict::kHonest);
}

TEST(Verdict, WhoNeverAnswersIsOffline) {
  const auto judged = judge(std::vector<MinerFacts>{
      {.num_asked = 12, .num_answered = 0, .silence = "connection refused"}});
  EXPECT_EQ(judged[0].verdict, Verdict::kOffline);
  EXPECT_EQ(judged[0].why, "no answer to 12 requests (connection refused)");
}

TEST(Verdict, WhoGoesWithAnotherCopies) {
  MinerFacts facts = answering(40, 0.85);
  facts.copies = 7;
  EXPECT_EQ(verdict_of(facts), Verdict::kCopies);
}

TEST(Verdict, WhoClaimsImagesThatDoNotExistIsNamedForThatFirst) {
  MinerFacts facts = answering(40, 0.95);
  facts.num_jobs_claimed = 9;
  facts.num_jobs_missing = 1;
  EXPECT_EQ(verdict_of(facts), Verdict::kHonest) << "one in nine is an accident";
  facts.num_jobs_missing = 8;
  EXPECT_EQ(verdict_of(facts), Verdict::kFalseClaims);
  facts.copies = 7;
  EXPECT_EQ(verdict_of(facts), Verdict::kFalseClaims);
}

TEST(Verdict, WhoDeclinesManyRequestsIsLazy) {
  MinerFacts facts = answering(52, 0.9);
  facts.num_asked = 120;
  facts.num_declined = 68;
  facts.silence = "declined";
  EXPECT_EQ(verdict_of(facts), Verdict::kLazy);
  EXPECT_TRUE(is_dishonest(Verdict::kLazy));
  const auto judged = judge(std::vector{facts});
  EXPECT_EQ(judged[0].why, "declined 68 of 120 requests; 90.0 % right of the others");
  facts.num_answered = 0;
  facts.num_declined = 120;
  EXPECT_EQ(verdict_of(facts), Verdict::kLazy);
  // One that was away for a while is not lazy, and is not said to have answered all.
  MinerFacts away = answering(52, 0.9);
  away.num_asked = 120;
  away.silence = "unreachable";
  EXPECT_EQ(verdict_of(away), Verdict::kHonest);
  EXPECT_EQ(judge(std::vector{away})[0].why,
            "90.0 % right of 52 answers, none to 68 of 120 requests (unreachable)");
}

TEST(Verdict, WhoAnswersWithTooMuchFloodsAndIsNotOffline) {
  const auto judged =
      judge(std::vector<MinerFacts>{{.num_asked = 30, .silence = "too_large", .num_floods = 30},
                                    {.num_asked = 30, .silence = "unreadable"}});
  EXPECT_EQ(judged[0].verdict, Verdict::kFloods);
  EXPECT_EQ(judged[0].why, "30 of 30 answers were longer than any that is read");
  EXPECT_EQ(judged[1].verdict, Verdict::kUnusable);
}

}  // namespace
}  // namespace assay::up

#include "scoring/formula.h"

#include "core/random.h"
#include "scoring/score_book.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::scoring {
namespace {

StrictTally tally_of(std::uint32_t asked_each, std::uint32_t right_absent,
                     std::uint32_t right_present) {
  StrictTally tally{.num_asked = {asked_each, asked_each},
                    .num_right = {right_absent, right_present}};
  for (std::size_t label = 0; label < 2; ++label) {
    tally.quadratic_loss[label] = std::uint64_t{asked_each - tally.num_right[label]} << 40U;
  }
  return tally;
}

TEST(Formula, NamesAreReadBack) {
  for (const Formula formula : {Formula::kNatix, Formula::kCalibrated}) {
    EXPECT_EQ(parse_formula(to_string(formula)).value(), formula);
  }
  EXPECT_EQ(parse_formula("other").error().code, ErrorCode::kInvalidInput);
}

TEST(Formula, WilsonsBoundIsThatOfTheTextbook) {
  // 90 of 100 at 95 %, two-sided: 0.8256 to 0.9448.
  EXPECT_NEAR(wilson_lower_bound(0.9, 100, 1.959964), 0.82563, 1e-5);
  EXPECT_NEAR(1 - wilson_lower_bound(0.1, 100, 1.959964), 0.94477, 1e-5);
  EXPECT_EQ(wilson_lower_bound(0.9, 0, 1.645), 0);
  EXPECT_EQ(wilson_lower_bound(0, 10, 1.645), 0);
}

TEST(Calibrated, PaysMoreForEachRightAnswer) {
  double last = 0;
  for (std::uint32_t right = 30; right <= 50; ++right) {
    const double paid = calibrated_reward(tally_of(50, right, right));
    EXPECT_GT(paid, last);
    last = paid;
  }
  EXPECT_LE(last, 1);
}

TEST(Calibrated, PaysNothingToOneAnswerForEverything) {
  EXPECT_EQ(calibrated_reward(tally_of(50, 0, 50)), 0);
  EXPECT_EQ(calibrated_reward(tally_of(50, 50, 0)), 0);
  StrictTally lopsided{.num_asked = {5, 95}, .num_right = {0, 95}};
  EXPECT_EQ(calibrated_reward(lopsided), 0);
}

TEST(Calibrated, PaysNothingBeforeBothLabelsAndLessForFewSamples) {
  EXPECT_EQ(calibrated_reward({}), 0);
  EXPECT_EQ(calibrated_reward({.num_asked = {0, 10}, .num_right = {0, 10}}), 0);
  const double one_each = calibrated_reward(tally_of(1, 1, 1));
  const double ten_each = calibrated_reward(tally_of(10, 10, 10));
  const double fifty_each = calibrated_reward(tally_of(50, 50, 50));
  EXPECT_LT(one_each, 0.1);
  EXPECT_LT(one_each, ten_each);
  EXPECT_LT(ten_each, fifty_each);
}

TEST(Calibrated, PaysMoreForHonestDoubtThanForFalseCertainty) {
  AnswerWindow certain(100);
  AnswerWindow doubting(100);
  for (int i = 0; i < 100; ++i) {
    const Label label = i % 2 == 0 ? Label::kPresent : Label::kAbsent;
    const bool says_present = (i % 10 < 8) == (label == Label::kPresent);
    certain.add({.label = label, .prediction = says_present ? 1.0 : 0.0});
    doubting.add({.label = label, .prediction = says_present ? 0.8 : 0.2});
  }
  EXPECT_GT(calibrated_reward(doubting.strict()), calibrated_reward(certain.strict()));
}

TEST(Calibrated, NothingPoisonsIt) {
  ScoreBook book(Formula::kCalibrated);
  ScoreBook clean(Formula::kCalibrated);
  const auto answer = [](int i) {
    return Answer{.label = i % 2 == 0 ? Label::kPresent : Label::kAbsent,
                  .prediction = i % 2 == 0 ? 1.0 : 0.0};
  };
  book.record(0, "k",
              {.label = Label::kPresent, .prediction = std::numeric_limits<double>::quiet_NaN()});
  clean.record(0, "k", {.label = Label::kPresent, .prediction = std::nullopt});
  for (int i = 0; i < 50; ++i) {
    const double with_nan = book.record(0, "k", answer(i)).reward;
    EXPECT_EQ(with_nan, clean.record(0, "k", answer(i)).reward);
    EXPECT_TRUE(std::isfinite(with_nan));
  }
  EXPECT_GT(book.miners()[0].score, 0.5F);
}

TEST(Natix, SilenceAndWhatIsOutOfRangeEarnNothing) {
  MinerWindows windows;
  for (int i = 0; i < 10; ++i) {
    windows.add({.label = i % 2 == 0 ? Label::kPresent : Label::kAbsent,
                 .prediction = i % 2 == 0 ? 1.0 : 0.0});
  }
  for (const std::optional<double> bad :
       {std::optional<double>(), std::optional<double>(-1.0), std::optional<double>(1.4),
        std::optional<double>(-0.25)}) {
    const Answer last{.label = Label::kPresent, .prediction = bad};
    windows.add(last);
    EXPECT_EQ(natix_reward(windows, last), 0);
  }
}

TEST(ClaimFactor, LeavesLittleToWhoClaimsWhatIsNotThere) {
  EXPECT_EQ(claim_factor(Formula::kCalibrated, 0, 0), 1);
  EXPECT_EQ(claim_factor(Formula::kCalibrated, 1'000, 0), 1);
  // The first one may be the store's fault; a hundred are not.
  EXPECT_NEAR(claim_factor(Formula::kCalibrated, 0, 1), 0.730, 0.001);
  EXPECT_NEAR(claim_factor(Formula::kCalibrated, 0, 5), 0.351, 0.001);
  EXPECT_NEAR(claim_factor(Formula::kCalibrated, 0, 100), 0.026, 0.001);
  EXPECT_GT(claim_factor(Formula::kCalibrated, 99, 1), 0.99);
  EXPECT_EQ(claim_factor(Formula::kNatix, 0, 100), 1) << "the old validator sent no jobs";
}

TEST(ClaimFactor, FallsWithEachClaimThatIsNotThere) {
  for (std::uint64_t num_there = 0; num_there < 30; num_there += 3) {
    double before = 1;
    for (std::uint64_t num_absent = 1; num_absent < 30; ++num_absent) {
      const double factor = claim_factor(Formula::kCalibrated, num_there, num_absent);
      EXPECT_GT(factor, 0);
      EXPECT_LT(factor, before);
      before = factor;
    }
  }
}

}  // namespace
}  // namespace assay::scoring

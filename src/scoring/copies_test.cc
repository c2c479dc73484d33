#include "scoring/copies.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay::scoring {
namespace {

/// 32 independent miners of accuracies between 60 and 97 %, and `hardness` by which images differ.
AnswerSheet fleet(RandomSource& random, std::size_t num_challenges, double hardness) {
  AnswerSheet sheet{.num_miners = 32, .challenges = {}};
  for (std::size_t i = 0; i < num_challenges; ++i) {
    AnswerSheet::Challenge challenge{
        .label = random.below(2) == 1 ? Label::kPresent : Label::kAbsent, .answers = {}};
    const bool is_hard = random.unit() < 0.25;
    for (std::size_t miner = 0; miner < sheet.num_miners; ++miner) {
      const double accuracy =
          0.6 + 0.37 * static_cast<double>(miner) / 31 - (is_hard ? hardness : 0);
      const bool is_right = random.unit() < accuracy;
      challenge.answers.push_back(
          {.label = challenge.label,
           .prediction = is_right == (challenge.label == Label::kPresent) ? 1.0 : 0.0});
    }
    sheet.challenges.push_back(std::move(challenge));
  }
  return sheet;
}

TEST(Copies, FindsAPairWithinTwoHundredChallenges) {
  SeededRandom random(5);
  for (const std::size_t original : {3U, 20U, 28U}) {
    AnswerSheet sheet = fleet(random, 200, 0);
    for (auto& challenge : sheet.challenges) challenge.answers[7] = challenge.answers[original];
    const auto pairs = find_copies(sheet);
    ASSERT_EQ(pairs.size(), 1U) << original;
    EXPECT_EQ(pairs[0].first, std::min<std::size_t>(original, 7));
    EXPECT_EQ(pairs[0].second, std::max<std::size_t>(original, 7));
    EXPECT_EQ(pairs[0].num_shared, 200U);
    EXPECT_EQ(pairs[0].num_alike, 200U);
    EXPECT_LT(pairs[0].p_value, 1e-5);
  }
}

TEST(Copies, FindsPredictionsThatWereJittered) {
  SeededRandom random(6);
  AnswerSheet sheet{.num_miners = 16, .challenges = {}};
  for (int i = 0; i < 120; ++i) {
    AnswerSheet::Challenge challenge{.label = i % 2 == 0 ? Label::kPresent : Label::kAbsent,
                                     .answers = {}};
    for (int miner = 0; miner < 16; ++miner) {
      // All of them always right: errors tell nothing.
      const double doubt = 0.4 * random.unit();
      challenge.answers.push_back(
          {.label = challenge.label, .prediction = i % 2 == 0 ? 1 - doubt : doubt});
    }
    challenge.answers[4].prediction =
        *challenge.answers[9].prediction + 0.02 * (random.unit() - 0.5);
    if (!challenge.answers[4].is_valid()) challenge.answers[4] = challenge.answers[9];
    sheet.challenges.push_back(std::move(challenge));
  }
  const auto pairs = find_copies(sheet);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].first, 4U);
  EXPECT_EQ(pairs[0].second, 9U);
}

TEST(Copies, AccusesNobodyInIndependentFleets) {
  SeededRandom random(8);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(find_copies(fleet(random, 200, 0)).empty());
}

/// All of them hardly ever wrong.
AnswerSheet skilled_fleet(RandomSource& random, std::size_t num_challenges) {
  AnswerSheet sheet = fleet(random, num_challenges, 0);
  for (auto& challenge : sheet.challenges) {
    for (Answer& answer : challenge.answers) {
      const bool is_right = random.unit() < 0.97;
      answer.prediction = is_right == (challenge.label == Label::kPresent) ? 1.0 : 0.0;
    }
  }
  return sheet;
}

TEST(Copies, AccusesNobodyWhereAllAreHardlyEverWrong) {
  SeededRandom random(12);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(find_copies(skilled_fleet(random, 200)).empty());
}

TEST(Copies, FindsWhoCopiesAMinerThatIsHardlyEverWrong) {
  SeededRandom random(13);
  int num_found = 0;
  for (int i = 0; i < 50; ++i) {
    AnswerSheet sheet = fleet(random, 200, 0);
    for (auto& challenge : sheet.challenges) challenge.answers[7] = challenge.answers[31];
    num_found += find_copies(sheet).empty() ? 0 : 1;
  }
  // With fewer than three errors of 200 nobody could tell.
  EXPECT_GE(num_found, 40);
}

TEST(Copies, DoesNotTakeHardImagesForCopying) {
  SeededRandom random(9);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(find_copies(fleet(random, 200, 0.45)).empty());
}

/// Miners of one model, each with errors and a confidence of its own; the last two answer alike.
AnswerSheet kindred_fleet(RandomSource& random, int num_challenges) {
  AnswerSheet sheet{.num_miners = 5, .challenges = {}};
  for (int i = 0; i < num_challenges; ++i) {
    AnswerSheet::Challenge challenge{.label = i % 2 == 0 ? Label::kPresent : Label::kAbsent,
                                     .answers = {}};
    const bool is_hard = random.unit() < 0.12;  // the model errs
    for (std::size_t miner = 0; miner < sheet.num_miners - 1; ++miner) {
      const bool is_right = is_hard == (random.unit() < 0.06);
      const double doubt = 0.5 * random.unit();
      const bool says_yes = is_right == (challenge.label == Label::kPresent);
      challenge.answers.push_back(
          {.label = challenge.label, .prediction = says_yes ? 1 - doubt : doubt});
    }
    challenge.answers.push_back(challenge.answers.back());
    sheet.challenges.push_back(std::move(challenge));
  }
  return sheet;
}

TEST(Copies, TellsWhoCopiesFromWhoFindsTheSameImagesHard) {
  SeededRandom random(11);
  std::size_t num_accused = 0;
  for (int i = 0; i < 40; ++i) {
    const AnswerSheet sheet = kindred_fleet(random, 60 + 20 * i);
    num_accused += find_copies(sheet).size() - 1;
    const auto pairs = find_copies(sheet, {.min_agreement = 0.5});
    ASSERT_EQ(pairs.size(), 1U) << i;
    EXPECT_EQ(pairs[0].first, 3U);
    EXPECT_EQ(pairs[0].second, 4U);
  }
  EXPECT_GT(num_accused, 0U) << "without the bound some are accused: the fleet proves something";
}

TEST(Copies, SaysNothingOfTooFewSharedChallenges) {
  SeededRandom random(10);
  AnswerSheet sheet = fleet(random, 200, 0);
  for (std::size_t i = 0; i < sheet.challenges.size(); ++i) {
    auto& answers = sheet.challenges[i].answers;
    answers[0] = answers[1];
    if (i >= 19) answers[0].prediction = i % 2 == 0 ? std::numeric_limits<double>::quiet_NaN() : -1;
  }
  EXPECT_TRUE(find_copies(sheet).empty());
  EXPECT_TRUE(find_copies({}).empty());
}

TEST(Copies, GroupsWhatPairsConnect) {
  const std::vector<CopyPair> pairs{
      {.first = 4, .second = 6}, {.first = 1, .second = 2}, {.first = 2, .second = 4}};
  EXPECT_EQ(groups_of(pairs), (std::vector<std::vector<std::size_t>>{{1, 2, 4, 6}}));
  EXPECT_TRUE(groups_of({}).empty());
}

}  // namespace
}  // namespace assay::scoring

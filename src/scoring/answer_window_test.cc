#include "scoring/answer_window.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::scoring {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Answer right_as(Label label, double prediction) {
  return {.label = label, .prediction = prediction};
}

/// Every kind of answer there is.
Answer any_answer(RandomSource& random) {
  Answer answer{.label = random.below(2) == 1 ? Label::kPresent : Label::kAbsent};
  switch (random.below(40)) {
    case 0:
      return answer;
    case 1:
      answer.prediction = -1;
      break;
    case 2:
      answer.prediction = kNan;
      break;
    case 3:
      answer.prediction = kInfinity;
      break;
    case 4:
      answer.prediction = 7;
      break;
    case 5:
      answer.prediction = 1e300;
      break;
    default:
      answer.prediction = static_cast<double>(random.below(21)) / 20;
  }
  return answer;
}

TEST(AnswerWindow, EqualsOneThatIsFilledAnew) {
  SeededRandom random(7);
  AnswerWindow window(12);
  for (int i = 0; i < 5'000; ++i) {
    window.add(any_answer(random));
    if (i % 7 != 0) continue;
    AnswerWindow fresh(12);
    for (std::size_t age = 0; age < window.size(); ++age) fresh.add(window.at(age));
    ASSERT_EQ(window.metrics(), fresh.metrics()) << i;
    ASSERT_EQ(window.strict().num_asked, fresh.strict().num_asked) << i;
    ASSERT_EQ(window.strict().num_right, fresh.strict().num_right) << i;
    ASSERT_EQ(window.strict().quadratic_loss, fresh.strict().quadratic_loss) << i;
  }
}

TEST(AnswerWindow, AucIsTheShareOfPairsInOrder) {
  SeededRandom random(11);
  for (int round = 0; round < 200; ++round) {
    AnswerWindow window(30);
    std::vector<Answer> all;
    for (int i = 0; i < 60; ++i) {
      const Label label = random.below(3) == 0 ? Label::kPresent : Label::kAbsent;
      all.push_back(right_as(label, static_cast<double>(random.below(11)) / 10));
      window.add(all.back());
    }
    double pairs = 0;
    double in_order = 0;
    for (std::size_t i = 30; i < 60; ++i) {
      for (std::size_t k = 30; k < 60; ++k) {
        if (all[i].label != Label::kPresent || all[k].label != Label::kAbsent) continue;
        ++pairs;
        if (*all[i].prediction > *all[k].prediction) in_order += 1;
        if (*all[i].prediction == *all[k].prediction) in_order += 0.5;
      }
    }
    ASSERT_NEAR(window.metrics().auc, pairs == 0 ? 0 : in_order / pairs, 1e-14);
  }
}

TEST(AnswerWindow, OneOddClassBesidePresentOnlyIsStillMeasured) {
  // The old scorer's library takes the two numbers there are, 1 and 5, for the two classes.
  AnswerWindow window(10);
  window.add(right_as(Label::kPresent, 5));
  EXPECT_EQ(window.metrics().accuracy, 0);
  window.add(right_as(Label::kPresent, 1));
  EXPECT_EQ(window.metrics(),
            (AnswerMetrics{.accuracy = 0.5, .precision = 1, .recall = 0.5, .f1_score = 2.0 / 3}));
  window.add(right_as(Label::kPresent, 6));
  EXPECT_EQ(window.metrics(), AnswerMetrics{});
}

TEST(AnswerWindow, WhatCannotBeRoundedSpoilsTheOldFiguresUntilItLeaves) {
  for (const double bad : {kNan, kInfinity, 1e300}) {
    AnswerWindow window(3);
    window.add(right_as(Label::kPresent, bad));
    window.add(right_as(Label::kPresent, 1));
    window.add(right_as(Label::kAbsent, 0));
    EXPECT_EQ(window.metrics(), AnswerMetrics{}) << bad;
    window.add(right_as(Label::kPresent, 1));
    EXPECT_EQ(window.metrics().accuracy, 1) << bad;
  }
}

TEST(AnswerWindow, CountsStrictlyWhateverIsNoAnswerAsWrong) {
  AnswerWindow window(10);
  window.add({.label = Label::kPresent, .prediction = std::nullopt});
  for (const double bad : {-1.0, kNan, kInfinity, 1.4, -0.25})
    window.add(right_as(Label::kPresent, bad));
  EXPECT_EQ(window.strict().num_asked[1], 6U);
  EXPECT_EQ(window.strict().num_right[1], 0U);
  window.add(right_as(Label::kAbsent, 0.25));
  EXPECT_EQ(window.strict().balanced_accuracy(), 0.5);
  EXPECT_EQ(window.strict().balanced_brier(), (1 + 0.0625) / 2);
}

TEST(AnswerWindow, EffectiveSizeIsThatOfEquallyFrequentLabels) {
  AnswerWindow window(10);
  EXPECT_EQ(window.strict().effective_size(), 0);
  for (int i = 0; i < 4; ++i) window.add(right_as(Label::kPresent, 1));
  EXPECT_EQ(window.strict().effective_size(), 0);
  for (int i = 0; i < 4; ++i) window.add(right_as(Label::kAbsent, 1));
  EXPECT_EQ(window.strict().effective_size(), 8);
}

}  // namespace
}  // namespace assay::scoring

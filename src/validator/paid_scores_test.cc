#include "validator/paid_scores.h"

#include <gtest/gtest.h>

namespace assay::validator {
namespace {

scoring::ScoreBook book_of_four() {
  scoring::ScoreBook book(scoring::Formula::kNatix);
  const std::vector<std::string> hotkeys = {"a", "b", "c", "d"};
  for (int i = 0; i < 10; ++i) {
    const auto label = i % 2 == 0 ? scoring::Label::kPresent : scoring::Label::kAbsent;
    for (std::size_t uid = 0; uid < hotkeys.size(); ++uid) {
      book.record(static_cast<scoring::Uid>(uid), hotkeys[uid],
                  {.label = label, .prediction = i % 2 == 0 ? 1.0 : 0.0});
    }
  }
  return book;
}

TEST(PaidScores, AGroupThatAnswersAlikeIsPaidAsOneWhenItIsToBe) {
  const scoring::ScoreBook book = book_of_four();
  const std::vector<float> scores = book.scores();
  ASSERT_GT(scores[0], 0);
  // "gone" has left the network, and takes no part of what the others get.
  const Copies copies = {{"a", {"c", "gone"}}, {"c", {"a", "gone"}}, {"gone", {"a", "c"}}};
  EXPECT_EQ(paid_scores(book, {}, copies, scoring::CopyPolicy::kReport), scores);
  const auto shared = paid_scores(book, {}, copies, scoring::CopyPolicy::kShare);
  EXPECT_EQ(shared, (std::vector<float>{scores[0] / 2, scores[1], scores[2] / 2, scores[3]}));
}

}  // namespace
}  // namespace assay::validator

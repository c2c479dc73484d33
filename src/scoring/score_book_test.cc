#include "scoring/score_book.h"

#include <gtest/gtest.h>

namespace assay::scoring {
namespace {

Answer bare(bool present, bool right) {
  return {.label = present ? Label::kPresent : Label::kAbsent,
          .prediction = present == right ? 1.0 : 0.0};
}

TEST(ScoreBook, AnotherHotkeyBeginsAnew) {
  ScoreBook book(Formula::kNatix);
  for (int i = 0; i < 20; ++i) book.record(2, "old", bare(i % 2 == 0, true));
  EXPECT_GT(book.miners()[2].score, 0.5F);
  const ScoreStep step = book.record(2, "new", bare(true, false));
  EXPECT_TRUE(step.is_replaced);
  EXPECT_EQ(step.score, 0);
  EXPECT_EQ(book.miners()[2].windows.recent.size(), 1U);
  EXPECT_EQ(book.miners()[0].hotkey, "");
}

TEST(ScoreBook, ReconcilesReplacedAddedAndRemoved) {
  ScoreBook book(Formula::kNatix);
  for (Uid uid = 0; uid < 3; ++uid) {
    book.record(uid, "k" + std::to_string(uid), bare(true, true));
    book.record(uid, "k" + std::to_string(uid), bare(false, true));
  }
  std::vector<Neuron> neurons(4);
  neurons[0].hotkey = "k0";
  neurons[1].hotkey = "other";
  neurons[2].hotkey = "k2";
  neurons[3].hotkey = "k3";
  const Reconciliation grown = book.reconcile(neurons);
  EXPECT_EQ(grown.replaced, (std::vector<Uid>{1}));
  EXPECT_EQ(grown.num_added, 1U);
  EXPECT_GT(book.miners()[0].score, 0);
  EXPECT_EQ(book.miners()[1].score, 0);
  EXPECT_EQ(book.scores().size(), 4U);
  neurons.resize(2);
  const Reconciliation shrunk = book.reconcile(neurons);
  EXPECT_EQ(shrunk.num_removed, 2U);
  EXPECT_EQ(book.scores().size(), 2U);
  EXPECT_FALSE(book.reconcile(neurons).has_changes());
}

TEST(ScoreBook, DecaysValidators) {
  ScoreBook book(Formula::kNatix);
  book.record(0, "k", bare(true, true));
  const float before = book.miners()[0].score;
  book.decay(0);
  EXPECT_EQ(book.miners()[0].score, 0.95F * before);
}

}  // namespace
}  // namespace assay::scoring

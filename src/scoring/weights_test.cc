#include "scoring/weights.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <numeric>

namespace assay::scoring {
namespace {

constexpr float kNanScore = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfiniteScore = std::numeric_limits<float>::infinity();

TEST(Weights, BadScoresCountAsNothingAndAreCounted) {
  const std::array scores{0.5F, kNanScore, kInfiniteScore, -1.0F, 0.25F};
  const WeightSet set = weights_of(scores);
  EXPECT_EQ(set.weights, (std::vector<ChainWeight>{{0, 65'535}, {4, 32'768}}));
  EXPECT_EQ(set.num_bad_scores, 3U);
  EXPECT_FALSE(set.is_burnt);
}

TEST(Weights, TooFewGoToTheBurnUid) {
  const std::array scores{0.0F, 0.5F, 0.0F};
  const WeightSet set = weights_of(scores, {.min_allowed = 2, .burn_uid = 2});
  EXPECT_TRUE(set.is_burnt);
  EXPECT_EQ(set.weights, (std::vector<ChainWeight>{{2, 65'535}}));
  EXPECT_EQ(weights_of({}, {.burn_uid = 7}).weights, (std::vector<ChainWeight>{{7, 65'535}}));
}

TEST(Weights, SmallOnesAreDroppedOrKept) {
  const std::array scores{1.0F, 1e-6F};
  EXPECT_EQ(weights_of(scores).weights.size(), 1U);
  const WeightSet kept = weights_of(scores, {.small = SmallWeights::kKeep1});
  EXPECT_EQ(kept.weights, (std::vector<ChainWeight>{{0, 65'535}, {1, 1}}));
}

TEST(Weights, NobodyIsAboveTheLimit) {
  for (const double limit : {0.02, 0.0314, 0.05, 0.1, 0.5, 0.999}) {
    std::vector<float> weights(64);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = 1.0F / static_cast<float>((i + 1) * (i + 1));
    }
    const std::vector<float> limited = normalise_max_weight(weights, limit);
    for (const float weight : limited) EXPECT_LE(weight, limit * 1.0001) << limit;
    EXPECT_NEAR(std::accumulate(limited.begin(), limited.end(), 0.0), 1, 1e-5);
  }
  EXPECT_TRUE(normalise_max_weight({}, 0.5).empty());
}

TEST(Weights, ARewardThatIsNoNumberCountsAsNothing) {
  EXPECT_EQ(moved_score(0.5F, std::numeric_limits<double>::quiet_NaN(), 0.05), 0.475F);
  EXPECT_EQ(moved_score(kNanScore, 1, 0.05), 0.05F);
}

TEST(Weights, ScoresOfThoseNotAskedStayToTheLastBit) {
  std::vector<float> scores(1'000);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = 1.0F / static_cast<float>(i + 3);
  const std::vector<float> before = scores;
  const std::vector<Neuron> neurons(scores.size());
  update_scores(scores, {}, neurons);
  EXPECT_EQ(scores, before);
}

TEST(Gini, IsNothingForEqualSharesAndNearOneForOneOwner) {
  EXPECT_NEAR(gini(std::array{0.25, 0.25, 0.25, 0.25}), 0, 1e-15);
  EXPECT_NEAR(gini(std::array{0.0, 0.0, 0.0, 1.0}), 0.75, 1e-15);
  EXPECT_NEAR(gini(std::array{1.0, 3.0}), 0.25, 1e-15);
  EXPECT_EQ(gini({}), 0);
  EXPECT_EQ(gini(std::array{0.0, 0.0}), 0);
}

}  // namespace
}  // namespace assay::scoring

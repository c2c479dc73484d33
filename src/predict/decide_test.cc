#include "predict/decide.h"

#include "embedding/testing/fake_models.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay::predict {
namespace {

class Decide : public ::testing::Test {
 protected:
  static std::vector<float> embedding(float red, float other = 0) {
    std::vector<float> vector(512);
    vector[0] = red;
    vector[1] = other;
    return vector;
  }

  GroupDecision decide_reds(const std::vector<float>& reds, const DecideOptions& options = {}) {
    embeddings_.clear();
    for (const float red : reds) embeddings_.push_back(embedding(red));
    std::vector<GroupMember> members;
    for (const auto& vector : embeddings_) members.push_back({vector, 1000, 500});
    return decide({.ranker = ranker_, .crop = crop_}, members, options);
  }

  models::MlpHead ranker_ = embedding::testing::red_ranker();
  models::MlpHead crop_ = embedding::testing::middle_crop();
  std::vector<std::vector<float>> embeddings_;
};

TEST_F(Decide, TakesTheBestScoreAndTheFirstOfEquals) {
  const GroupDecision decision = decide_reds({0, 255, 255});
  EXPECT_EQ(decision.selected, 1U);
  EXPECT_NEAR(*decision.margin, 0, 1e-6);
  EXPECT_TRUE(decision.is_uncertain);
}

TEST_F(Decide, ConfidenceIsTheSoftmaxOfTheScores) {
  const GroupDecision decision = decide_reds({0, 255});
  EXPECT_NEAR(*decision.confidence, std::exp(1.0) / (1 + std::exp(1.0)), 1e-6);
  EXPECT_NEAR(*decision.members[0].softmax + *decision.members[1].softmax, 1, 1e-12);
  EXPECT_NEAR(*decision.margin, 1, 1e-6);
  EXPECT_FALSE(decision.is_uncertain);
}

TEST_F(Decide, ASingleImageIsCertainAndHasNoMargin) {
  const GroupDecision decision = decide_reds({7});
  EXPECT_EQ(decision.confidence, 1.0);
  EXPECT_EQ(decision.margin, std::nullopt);
  EXPECT_FALSE(decision.is_uncertain);
}

TEST_F(Decide, AnImageWithoutEmbeddingIsLeftOut) {
  const auto vector = embedding(255);
  const std::vector<GroupMember> members = {{}, {vector, 10, 10}};
  const GroupDecision decision = decide({.ranker = ranker_, .crop = crop_}, members, {});
  EXPECT_EQ(decision.selected, 1U);
  EXPECT_EQ(decision.confidence, 1.0);
  EXPECT_EQ(decision.members[0].score, std::nullopt);
  EXPECT_TRUE(decision.is_uncertain);
}

TEST_F(Decide, WithoutAnyEmbeddingNothingIsSelected) {
  const GroupDecision decision =
      decide({.ranker = ranker_, .crop = crop_}, std::vector<GroupMember>(2), {});
  EXPECT_EQ(decision.selected, std::nullopt);
  EXPECT_EQ(decision.confidence, std::nullopt);
}

TEST_F(Decide, EveryImageGetsACropAndTheRawOneIsKept) {
  const GroupDecision decision = decide_reds({1, 2});
  for (const MemberDecision& member : decision.members) {
    ASSERT_TRUE(member.crop);
    EXPECT_NEAR(member.raw_crop->x1, 1 / (1 + std::exp(1.0)), 1e-6);
    EXPECT_NEAR(member.crop->x2 - member.crop->x1, member.crop->y2 - member.crop->y1, 1e-9);
  }
}

TEST_F(Decide, TheOldBatchServedUnitVectors) {
  DecideOptions unit;
  unit.ranker_embedding = models::EmbeddingForm::kL2;
  const GroupDecision decision = decide_reds({510, 1}, unit);
  EXPECT_NEAR(*decision.members[0].score, 1.0 / 255, 1e-6);
  EXPECT_NEAR(*decision.members[1].score, 1.0 / 255, 1e-6);
}

}  // namespace
}  // namespace assay::predict

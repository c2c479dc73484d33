#include "app/job_image_intake.h"

#include "app/cache_shelf.h"
#include "files/testing/temporary_folder.h"
#include "images/encode.h"
#include "images/scene.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace assay::app {
namespace {

using validator::Cell;
using validator::ImageOrigin;

std::vector<std::byte> drawn_road(std::uint64_t seed, int quality = 90) {
  const auto image = images::draw_scene(images::plan_scene(seed, images::SceneLabel::kNone),
                                        {.width = 192, .height = 128});
  return images::encode_jpeg(image, {.quality = quality}).value();
}

class JobImageIntakeTest : public ::testing::Test {
 protected:
  Status take(const std::vector<std::byte>& bytes, jobs::PromptLabel label,
              ByteCount max_cache_bytes = ByteCount(1'000'000)) {
    JobImageIntake intake(folder_.path() / "cache", {.max_cache_bytes = max_cache_bytes},
                          {.judge = judge_}, {});
    jobs::Job job{.id = jobs::JobId({std::byte{++num_jobs_}}),
                  .prompt = "A street, road works on the left.",
                  .label = label};
    const jobs::ImageCheck check{.verdict = jobs::ImageVerdict::kSound};
    return intake.take({.job = &job, .check = &check, .bytes = bytes});
  }
  std::uint64_t stock(scoring::Label label) const {
    const auto shelf = CacheShelf::open(folder_.path() / "cache", {}, {});
    EXPECT_TRUE(shelf);
    return (*shelf)->stock().value().at(
        index_of(Cell{.origin = ImageOrigin::kTextToImage, .label = label}));
  }

  files::testing::TemporaryFolder folder_;
  const cache::LabelJudge* judge_ = nullptr;
  std::uint8_t num_jobs_ = 0;
};

TEST_F(JobImageIntakeTest, ImagesOfJobsBecomeChallengesOfTheirPromptsLabel) {
  ASSERT_TRUE(take(drawn_road(1), jobs::PromptLabel::kRoadwork));
  ASSERT_TRUE(take(drawn_road(2), jobs::PromptLabel::kNone));
  ASSERT_TRUE(take(drawn_road(3), jobs::PromptLabel::kNone));
  EXPECT_EQ(stock(scoring::Label::kPresent), 1U);
  EXPECT_EQ(stock(scoring::Label::kAbsent), 2U);
}

TEST_F(JobImageIntakeTest, WhatIsThereOrLooksLikeItIsPassedOver) {
  ASSERT_TRUE(take(drawn_road(1), jobs::PromptLabel::kNone));
  EXPECT_TRUE(take(drawn_road(1), jobs::PromptLabel::kNone)) << "as after a kill";
  EXPECT_TRUE(take(drawn_road(1, 60), jobs::PromptLabel::kNone));
  EXPECT_EQ(stock(scoring::Label::kAbsent), 1U);
}

TEST_F(JobImageIntakeTest, WhatTheJudgeDoubtsIsNoChallenge) {
  /// Sees works everywhere.
  class SureJudge final : public cache::LabelJudge {
   public:
    std::string model() const override { return "sure"; }
    Result<double> roadwork_share(const images::Image&) const override { return 0.9; }
  };
  const SureJudge judge;
  judge_ = &judge;
  ASSERT_TRUE(take(drawn_road(1), jobs::PromptLabel::kNone));
  ASSERT_TRUE(take(drawn_road(2), jobs::PromptLabel::kRoadwork));
  EXPECT_EQ(stock(scoring::Label::kAbsent), 0U);
  EXPECT_EQ(stock(scoring::Label::kPresent), 1U);
  const auto quarantine = folder_.path() / "cache" / "quarantine";
  EXPECT_TRUE(std::filesystem::exists(quarantine));
}

TEST_F(JobImageIntakeTest, TheCacheGrowsNoLargerThanItMay) {
  const auto taken = take(drawn_road(1), jobs::PromptLabel::kNone, ByteCount(1'000));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(stock(scoring::Label::kAbsent), 0U);
}

}  // namespace
}  // namespace assay::app

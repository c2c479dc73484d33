#include "miner/image_desk.h"

#include "miner/testing/axon_fixture.h"
#include "protocol/image_messages.h"

#include <gtest/gtest.h>

namespace assay::miner {
namespace {

std::string body_of(std::span<const std::byte> image) {
  return protocol::write_image_request(image, std::chrono::seconds(9));
}

TEST(ImageDesk, AsksTheDetectorAboutAnImage) {
  testing::CountingDetector detector;
  SeededRandom random(1);
  ImageDesk desk(detector, random, {});
  const ImageOutcome outcome = desk.answer(body_of(testing::small_png()), {});
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.prediction, 0.75);
}

TEST(ImageDesk, RefusesWhatIsNoImageAndShowsNothingOfIt) {
  testing::CountingDetector detector;
  SeededRandom random(1);
  ImageDesk desk(detector, random, {});
  auto png = testing::small_png();
  png.resize(png.size() / 2);
  EXPECT_EQ(desk.answer(body_of(png), {}).status, 400);
  const ImageOutcome outcome = desk.answer(body_of(as_bytes("SECRET")), {});
  EXPECT_EQ(outcome.status, 400);
  EXPECT_FALSE(outcome.message.contains("SECRET"));
  EXPECT_EQ(detector.num_calls(), 0);
}

TEST(ImageDesk, DecodesNothingBeyondItsLimits) {
  testing::CountingDetector detector;
  SeededRandom random(1);
  ImageDesk few_pixels(detector, random, {}, {.max_pixels = 64 * 64 - 1});
  EXPECT_EQ(few_pixels.answer(body_of(testing::small_png()), {}).status, 413);
  ImageDesk few_bytes(detector, random, {}, {.max_image = ByteCount(100)});
  EXPECT_EQ(few_bytes.answer(body_of(testing::small_png()), {}).status, 413);
  EXPECT_EQ(detector.num_calls(), 0);
}

TEST(ImageDesk, SaysThatTheDetectorFailedAndNotHow) {
  testing::CountingDetector detector([] { return Result<double>(unavailable("/secret/path")); });
  SeededRandom random(1);
  ImageDesk desk(detector, random, {});
  const ImageOutcome outcome = desk.answer(body_of(testing::small_png()), {});
  EXPECT_EQ(outcome.status, 503);
  EXPECT_FALSE(outcome.message.contains("secret"));
}

TEST(ImageDesk, ThoseWhoDoNotLookNeedNoImage) {
  testing::CountingDetector detector;
  SeededRandom random(1);
  ImageDesk desk(detector, random, {.character = Character::kYesSaying});
  EXPECT_EQ(desk.answer("{}", {}).prediction, 1.0);
  EXPECT_EQ(detector.num_calls(), 0);
}

}  // namespace
}  // namespace assay::miner

#include "miner/scene_detector.h"

#include "core/bytes.h"
#include "core/testing/slowness.h"
#include "images/scene.h"
#include "validator/augmentation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

namespace assay::miner {
namespace {

using images::SceneLabel;

/// Of the roads that no weight was fitted to.
constexpr std::uint64_t kFirstSeed = 31'000;

/// Odd, so that both kinds of roads are seen.
constexpr std::uint64_t kStep = assay::testing::kSlowness > 1 ? 3 : 1;
/// Of some twenty roads of a level a share says less than of seventy.
constexpr double kLeastShareOfALevel = assay::testing::kSlowness > 1 ? 0.6 : 0.75;

images::Image road(std::uint64_t seed, SceneLabel label) {
  return images::draw_scene(images::plan_scene(seed, label), {.width = 512, .height = 288});
}

struct Share {
  int num_right = 0;
  int num_all = 0;
  void add(bool is_right) {
    num_right += is_right ? 1 : 0;
    ++num_all;
  }
  double share() const { return static_cast<double>(num_right) / num_all; }
};

TEST(SceneDetector, TellsRoadsWithWorksFromRoadsWithout) {
  Share plain;
  std::array<Share, 4> varied;
  for (std::uint64_t i = 0; i < 300; i += kStep) {
    const SceneLabel label = i % 2 == 0 ? SceneLabel::kNone : SceneLabel::kRoadwork;
    const auto is_right = [&](const images::Image& image) {
      return (scene_probability(image) > 0.5) == (label == SceneLabel::kRoadwork);
    };
    const images::Image image = road(kFirstSeed + i, label);
    plain.add(is_right(image));
    const auto drawn = validator::draw_augmentation(kFirstSeed + i, image.size());
    const auto changed = validator::augment(image, drawn);
    ASSERT_TRUE(changed);
    varied.at(static_cast<std::size_t>(drawn.level)).add(is_right(*changed));
  }
  RecordProperty("plain", fmt::format("{:.3f}", plain.share()));
  for (std::size_t level = 0; level < varied.size(); ++level) {
    RecordProperty(fmt::format("level_{}", level), fmt::format("{:.3f}", varied[level].share()));
    fmt::print("level {}: {:.3f} of {}\n", level, varied[level].share(), varied[level].num_all);
  }
  fmt::print("as drawn: {:.3f}\n", plain.share());
  EXPECT_GT(plain.share(), 0.85);
  for (const Share& share : varied) EXPECT_GT(share.share(), kLeastShareOfALevel);
}

TEST(SceneDetector, TwoEyesDifferAndOneDoesNot) {
  const images::Image image = road(5, SceneLabel::kNone);
  const DetectorInput input{.encoded = as_bytes("the bytes"), .image = image};
  SceneDetector one({.eye = "5Alice"});
  SceneDetector same({.eye = "5Alice"});
  SceneDetector other({.eye = "5Bob"});
  EXPECT_EQ(one.judge(input, {}).value(), same.judge(input, {}).value());
  EXPECT_NE(one.judge(input, {}).value(), other.judge(input, {}).value());
  EXPECT_EQ(SceneDetector().judge(input, {}).value(), scene_probability(image));
}

TEST(SceneDetector, AnEyeIsAsRightAsTheModelButForItsOwnErrors) {
  Share model;
  Share eye;
  int num_equal = 0;
  for (std::uint64_t i = 0; i < 200; i += kStep) {
    const SceneLabel label = i % 2 == 0 ? SceneLabel::kNone : SceneLabel::kRoadwork;
    const images::Image image = road(kFirstSeed + i, label);
    const std::string bytes = fmt::format("image {}", i);
    const DetectorInput input{.encoded = as_bytes(bytes), .image = image};
    const double one = SceneDetector({.eye = "5Alice"}).judge(input, {}).value();
    const double other = SceneDetector({.eye = "5Bob"}).judge(input, {}).value();
    const bool is_works = label == SceneLabel::kRoadwork;
    model.add((scene_probability(image) > 0.5) == is_works);
    eye.add((one > 0.5) == is_works);
    num_equal += one == other ? 1 : 0;
  }
  EXPECT_LT(eye.share(), 1);
  EXPECT_GT(eye.share(), model.share() - 0.12);
  EXPECT_EQ(num_equal, 0);
}

TEST(SceneDetector, SaysAProbabilityOfAnyPicture) {
  for (const images::ImageSize size :
       {images::ImageSize{1, 1}, images::ImageSize{3000, 2}, images::ImageSize{300, 300}}) {
    images::Image image = images::Image::with_size(size);
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
      std::ranges::fill(image.pixels(), value);
      const double probability = scene_probability(image);
      EXPECT_TRUE(probability >= 0 && probability <= 1) << size.width;
    }
  }
}

}  // namespace
}  // namespace assay::miner

#include "validator/augmentation.h"

#include "core/random.h"
#include "images/transform.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace assay::validator {
namespace {

using images::Image;
using images::ImageSize;

constexpr ImageSize kSize{.width = 320, .height = 180};

Image picture() {
  Image image = Image::with_size(kSize);
  SeededRandom random(1);
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    for (std::size_t x = 0; x < image.row_size(); ++x) {
      image.row(y)[x] = static_cast<std::uint8_t>((x / 7 + y + random.below(9)) % 256);
    }
  }
  return image;
}

std::vector<std::uint8_t> bytes_of(const Image& image) {
  return {image.pixels().begin(), image.pixels().end()};
}

TEST(Augmentation, OneSeedGivesOneImage) {
  const Image image = picture();
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const auto first = augment(image, draw_augmentation(seed, kSize));
    const auto second = augment(image, draw_augmentation(seed, kSize));
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->size(), (ImageSize{.width = 224, .height = 224}));
    EXPECT_EQ(bytes_of(*first), bytes_of(*second)) << seed;
  }
}

TEST(Augmentation, IsDoneAgainFromWhatWasWritten) {
  const Image image = picture();
  for (std::uint64_t seed = 20; seed < 40; ++seed) {
    const Augmentation drawn = draw_augmentation(seed * 0x9e3779b97f4a7c15, kSize);
    const std::string json = to_json(drawn);
    const auto read = parse_augmentation(json);
    ASSERT_TRUE(read) << json << read.error().message;
    EXPECT_EQ(to_json(*read), json);
    EXPECT_EQ(bytes_of(augment(image, *read).value()), bytes_of(augment(image, drawn).value()));
  }
}

TEST(Augmentation, DrawsEveryLevelAndStepAsOftenAsMeant) {
  constexpr int kDraws = 20'000;
  std::array<int, 4> levels{};
  int turned = 0;
  int flipped_horizontally = 0;
  int flipped_vertically = 0;
  std::map<int, int> qualities_of_worn;
  int noisy_with_blur = 0;
  for (int seed = 0; seed < kDraws; ++seed) {
    const Augmentation drawn = draw_augmentation(static_cast<std::uint64_t>(seed), kSize);
    ++levels.at(static_cast<std::size_t>(drawn.level));
    if (drawn.level == AugmentationLevel::kPlain) {
      EXPECT_EQ(drawn.rotation_degrees, 0);
      EXPECT_EQ(drawn.part.left, 70U);
      EXPECT_EQ(drawn.part.size.width, 180U);
      continue;
    }
    ++turned;
    flipped_horizontally += drawn.is_flipped_horizontally ? 1 : 0;
    flipped_vertically += drawn.is_flipped_vertically ? 1 : 0;
    ASSERT_LE(std::abs(drawn.rotation_degrees), 20);
    // Squares of at least half the area, or the largest there is.
    ASSERT_GE(drawn.part.size.width, 170U);
    if (drawn.level == AugmentationLevel::kWorn) {
      ++qualities_of_worn[drawn.jpeg_quality.value_or(0)];
      ASSERT_FALSE(drawn.noise || drawn.blur);
    }
    if (drawn.level == AugmentationLevel::kTurned) {
      ASSERT_FALSE(drawn.saturation || drawn.contrast || drawn.jpeg_quality);
    }
    if (drawn.level == AugmentationLevel::kNoisy) noisy_with_blur += drawn.blur ? 1 : 0;
  }
  for (const int count : levels) EXPECT_NEAR(count, kDraws / 4.0, 300);
  EXPECT_NEAR(flipped_horizontally, turned / 2.0, 300);
  EXPECT_NEAR(flipped_vertically, turned / 2.0, 300);
  EXPECT_NEAR(qualities_of_worn[0], levels[2] / 2.0, 200);
  EXPECT_EQ(qualities_of_worn.size(), 2U);
  EXPECT_NEAR(noisy_with_blur, 2.0 * levels[3] / 3, 200);
}

TEST(Augmentation, EveryStepIsTaken) {
  const Image image = picture();
  const Augmentation plain{.side = 100, .part = {.left = 0, .top = 0, .size = kSize}};
  const auto base = augment(image, plain).value();
  const auto changed = [&](const auto& change) {
    Augmentation augmentation = plain;
    change(augmentation);
    return bytes_of(augment(image, augmentation).value());
  };
  EXPECT_EQ(changed([](Augmentation& with) { with.is_flipped_horizontally = true; }),
            bytes_of(images::flip_horizontally(base)));
  EXPECT_EQ(changed([](Augmentation& with) { with.is_flipped_vertically = true; }),
            bytes_of(images::flip_vertically(base)));
  EXPECT_EQ(changed([](Augmentation& with) { with.saturation = 0.3; }),
            bytes_of(images::adjust_saturation(base, 0.3)));
  EXPECT_EQ(changed([](Augmentation& with) { with.contrast = 0.7; }),
            bytes_of(images::adjust_contrast(base, 0.7)));
  EXPECT_EQ(changed([](Augmentation& with) { with.blur = 1.5; }),
            bytes_of(images::blur(base, 1.5)));
  const auto noisy = changed([](Augmentation& with) { with.noise = 8; });
  EXPECT_NE(noisy, bytes_of(base));
  EXPECT_NE(noisy, changed([](Augmentation& with) {
              with.noise = 8;
              with.seed = 1;
            }));
  EXPECT_NE(changed([](Augmentation& with) { with.jpeg_quality = 40; }),
            changed([](Augmentation& with) { with.jpeg_quality = 60; }));
  EXPECT_NE(changed([](Augmentation& with) { with.rotation_degrees = 10; }), bytes_of(base));
}

TEST(Augmentation, WorksOnTheSmallestImage) {
  const Image one = Image::with_size({.width = 1, .height = 1});
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    EXPECT_TRUE(augment(one, draw_augmentation(seed, one.size())));
  }
}

TEST(Augmentation, RefusesAnImageOfAnotherSizeAndBadParameters) {
  const Augmentation drawn = draw_augmentation(0, {.width = 4'000, .height = 3'000});
  EXPECT_EQ(augment(picture(), drawn).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(parse_augmentation("{").error().code, ErrorCode::kCorrupt);
  std::string json = to_json(drawn);
  const std::string side = "\"side\":224";
  json.replace(json.find(side), side.size(), "\"side\":9999999");
  EXPECT_EQ(parse_augmentation(json).error().message,
            "\"side\" of an augmentation: expected a number from 1 to 4096");
}

TEST(Augmentation, CompatHasTheDefectsOfTheOldTransforms) {
  const Image image = picture();
  std::size_t num_small_parts = 0;
  std::size_t num_shrunk = 0;
  bool has_black_corner = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Augmentation drawn =
        draw_augmentation(seed, kSize, {.style = AugmentationStyle::kCompat});
    EXPECT_FALSE(drawn.is_flipped_horizontally || drawn.is_flipped_vertically);
    EXPECT_FALSE(drawn.jpeg_quality);
    const double share = static_cast<double>(drawn.part.size.num_pixels()) / (320.0 * 180);
    EXPECT_GT(share, 0.19);
    num_small_parts += share < 0.4 ? 1 : 0;
    num_shrunk += drawn.shrink ? 1 : 0;
    const std::string json = to_json(drawn);
    EXPECT_TRUE(json.contains(R"("style":"compat")")) << json;
    const auto read = parse_augmentation(json);
    ASSERT_TRUE(read) << json << read.error().message;
    EXPECT_EQ(to_json(*read), json);
    const Image varied = augment(image, drawn).value();
    EXPECT_EQ(bytes_of(augment(image, *read).value()), bytes_of(varied));
    has_black_corner |= varied.row(0)[0] + varied.row(0)[1] + varied.row(0)[2] == 0;
  }
  EXPECT_GT(num_small_parts, 10U);
  EXPECT_GT(num_shrunk, 10U);
  EXPECT_TRUE(has_black_corner);
  // What is recorded of the others stays as it was.
  EXPECT_FALSE(to_json(draw_augmentation(3, kSize)).contains("style"));
}

TEST(Augmentation, CompatDarkensInPlaceOfContrast) {
  const Image image = picture();
  const Augmentation plain{.style = AugmentationStyle::kCompat, .part = {.size = kSize}};
  Augmentation darkened = plain;
  darkened.contrast = 0.5;
  const auto before = bytes_of(augment(image, plain).value());
  const auto after = bytes_of(augment(image, darkened).value());
  for (std::size_t i = 0; i < before.size(); ++i) ASSERT_EQ(after[i], before[i] / 2) << i;
}

}  // namespace
}  // namespace assay::validator

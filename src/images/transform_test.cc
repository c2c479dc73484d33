#include "images/transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace assay::images {
namespace {

/// A picture in which every pixel is another one.
Image distinct_pixels(std::uint32_t width, std::uint32_t height) {
  Image image = Image::with_size({.width = width, .height = height});
  SeededRandom random(width * 1000 + height);
  for (std::uint8_t& sample : image.pixels()) sample = static_cast<std::uint8_t>(random.below(256));
  return image;
}

std::vector<std::uint8_t> bytes_of(const Image& image) {
  return {image.pixels().begin(), image.pixels().end()};
}

std::uint8_t red_at(const Image& image, std::uint32_t x, std::uint32_t y) {
  return image.row(y)[x * kNumChannels];
}

double mean_of(const Image& image) {
  double sum = 0;
  for (const std::uint8_t sample : image.pixels()) sum += sample;
  return sum / static_cast<double>(image.pixels().size());
}

TEST(Transform, FlipsBothWaysAndBack) {
  const Image image = distinct_pixels(5, 4);
  EXPECT_EQ(red_at(flip_horizontally(image), 0, 1), red_at(image, 4, 1));
  EXPECT_EQ(red_at(flip_vertically(image), 2, 0), red_at(image, 2, 3));
  EXPECT_EQ(bytes_of(flip_horizontally(flip_horizontally(image))), bytes_of(image));
  EXPECT_EQ(bytes_of(flip_vertically(flip_vertically(image))), bytes_of(image));
}

TEST(Transform, CropTakesThatPart) {
  const Image image = distinct_pixels(6, 5);
  const Image part = crop(image, {.left = 2, .top = 1, .size = {.width = 3, .height = 4}});
  EXPECT_EQ(part.size(), (ImageSize{.width = 3, .height = 4}));
  EXPECT_EQ(red_at(part, 0, 0), red_at(image, 2, 1));
  EXPECT_EQ(red_at(part, 2, 3), red_at(image, 4, 4));
}

TEST(Transform, TurnsAnticlockwiseByWholeQuartersExactly) {
  const Image image = distinct_pixels(7, 7);
  EXPECT_EQ(bytes_of(rotate(image, 0)), bytes_of(image));
  // What was at the right is at the top.
  const Image quarter = rotate(image, 90);
  for (std::uint32_t i = 0; i < 7; ++i) EXPECT_EQ(red_at(quarter, i, 0), red_at(image, 6, i)) << i;
  EXPECT_EQ(bytes_of(rotate(image, 180)), bytes_of(flip_vertically(flip_horizontally(image))));
}

TEST(Transform, TurningLeavesNoBlackCorners) {
  Image image = Image::with_size({.width = 32, .height = 20});
  for (std::uint8_t& sample : image.pixels()) sample = 200;
  const Image turned = rotate(image, 20);
  for (const std::uint8_t sample : turned.pixels()) ASSERT_EQ(sample, 200);
}

TEST(Transform, TurningInterpolates) {
  Image image = Image::with_size({.width = 2, .height = 1});
  for (std::size_t i = 0; i < 6; ++i) image.pixels()[i] = i < 3 ? 0 : 100;
  // Half way round, the two come together in their middle.
  EXPECT_EQ(red_at(rotate(image, 90), 0, 0), 50);
}

TEST(Transform, SaturationGoesToGreyAndIsCutOff) {
  Image image = Image::with_size({.width = 1, .height = 1});
  image.pixels()[0] = 255;
  image.pixels()[1] = 0;
  image.pixels()[2] = 0;
  EXPECT_EQ(bytes_of(adjust_saturation(image, 0)), (std::vector<std::uint8_t>{76, 76, 76}));
  EXPECT_EQ(bytes_of(adjust_saturation(image, 1)), bytes_of(image));
  EXPECT_EQ(bytes_of(adjust_saturation(image, 3)), (std::vector<std::uint8_t>{255, 0, 0}));
}

TEST(Transform, ContrastKeepsTheMeanAndNarrowsTheRest) {
  Image image = Image::with_size({.width = 2, .height = 1});
  for (std::size_t i = 0; i < 6; ++i) image.pixels()[i] = i < 3 ? 100 : 200;
  EXPECT_EQ(bytes_of(adjust_contrast(image, 0.5)),
            (std::vector<std::uint8_t>{125, 125, 125, 175, 175, 175}));
  EXPECT_EQ(bytes_of(adjust_contrast(image, 10)),
            (std::vector<std::uint8_t>{0, 0, 0, 255, 255, 255}));
}

TEST(Transform, BlurSpreadsAPointAndLeavesAFlatImage) {
  Image flat = Image::with_size({.width = 9, .height = 5});
  for (std::uint8_t& sample : flat.pixels()) sample = 77;
  EXPECT_EQ(bytes_of(blur(flat, 2)), bytes_of(flat));
  Image point = Image::with_size({.width = 31, .height = 31});
  for (std::uint8_t& sample : point.pixels()) sample = 0;
  for (std::size_t i = 0; i < kNumChannels; ++i) point.row(15)[15 * kNumChannels + i] = 255;
  const Image spread = blur(point, 1);
  // 255 / (2 pi) at the middle, and as far in each direction.
  EXPECT_NEAR(red_at(spread, 15, 15), 41, 1);
  EXPECT_EQ(red_at(spread, 14, 15), red_at(spread, 15, 16));
  EXPECT_EQ(red_at(spread, 16, 15), red_at(spread, 15, 14));
}

TEST(Transform, NoiseIsThatOfItsSeedAndHasItsWidth) {
  Image image = Image::with_size({.width = 100, .height = 100});
  for (std::uint8_t& sample : image.pixels()) sample = 128;
  SeededRandom first(4);
  SeededRandom second(4);
  const Image noisy = add_noise(image, 10, first);
  EXPECT_EQ(bytes_of(noisy), bytes_of(add_noise(image, 10, second)));
  EXPECT_NEAR(mean_of(noisy), 128, 0.3);
  double square = 0;
  for (const std::uint8_t sample : noisy.pixels()) square += std::pow(sample - 128.0, 2);
  EXPECT_NEAR(std::sqrt(square / 30'000), 10, 0.3);
}

}  // namespace
}  // namespace assay::images

#include "images/find_part.h"

#include "core/testing/slowness.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/resize.h"
#include "images/testing/pictures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace assay::images {
namespace {

using testing::cut;
using testing::picture;

Image through_jpeg(const Image& image, int quality) {
  const auto encoded = encode_jpeg(image, {.quality = quality});
  EXPECT_TRUE(encoded);
  auto decoded = decode(*encoded);
  EXPECT_TRUE(decoded);
  return std::move(*decoded);
}

/// The largest difference of an edge, as a share of the whole.
double error_of(const PartPlace& place, PixelBox box, ImageSize whole) {
  return std::max({std::abs(place.left - box.left) / whole.width,
                   std::abs(place.left + place.width - box.left - box.size.width) / whole.width,
                   std::abs(place.top - box.top) / whole.height,
                   std::abs(place.top + place.height - box.top - box.size.height) / whole.height});
}

struct Case {
  ImageSize whole;
  PixelBox box;
};
constexpr std::array<Case, 6> kCases = {{
    {{640, 480}, {.left = 101, .top = 33, .size = {311, 233}}},
    {{832, 1216}, {.left = 97, .top = 0, .size = {613, 896}}},
    {{1024, 1024}, {.left = 700, .top = 777, .size = {213, 213}}},
    {{1216, 832}, {.left = 0, .top = 0, .size = {1205, 825}}},
    {{301, 223}, {.left = 13, .top = 7, .size = {255, 189}}},
    {{1664, 2432}, {.left = 411, .top = 5, .size = {831, 1214}}},
}};

TEST(FindPart, FindsACutToThePixelAlsoAfterJpeg) {
  // The largest takes long.
  const std::size_t num_cases = kCases.size() - (assay::testing::kSlowness > 1 ? 1 : 0);
  for (std::size_t i = 0; i < num_cases; ++i) {
    const auto& [size, box] = kCases.at(i);
    const Image whole = picture(size, i + 1);
    const Image part = cut(whole, box);
    for (const int quality : {0, 60}) {
      const auto place =
          quality == 0 ? find_part(whole, part) : find_part(whole, through_jpeg(part, quality));
      ASSERT_TRUE(place) << i;
      EXPECT_EQ(place->left, box.left) << i << " quality " << quality;
      EXPECT_EQ(place->top, box.top) << i << " quality " << quality;
      EXPECT_EQ(place->width, box.size.width) << i << " quality " << quality;
      EXPECT_EQ(place->height, box.size.height) << i << " quality " << quality;
      EXPECT_EQ(place->scale, 1) << i;
      EXPECT_GT(place->score, 0.9) << i << " quality " << quality;
    }
  }
}

TEST(FindPart, FindsWhatWasResizedWithinThousandths) {
  // All but the largest, which takes long.
  for (std::size_t i = 0; i + 1 < kCases.size(); ++i) {
    const auto& [size, box] = kCases.at(i);
    const Image whole = picture(size, i + 11);
    for (const double scale : {0.37, 1.3}) {
      const ImageSize resized{
          .width = static_cast<std::uint32_t>(std::lround(box.size.width * scale)),
          .height = static_cast<std::uint32_t>(std::lround(box.size.height * scale))};
      const Image part = through_jpeg(resize(cut(whole, box), resized), 80);
      const auto place = find_part(whole, part);
      ASSERT_TRUE(place) << i;
      // On small images a pixel is more.
      const double tolerance = std::max(0.0015, 1.5 / std::min(size.width, size.height));
      EXPECT_LT(error_of(*place, box, size), tolerance) << i << " scale " << scale;
      EXPECT_NEAR(place->scale, scale, 0.02 * scale) << i;
      EXPECT_GT(place->score, 0.9) << i << " scale " << scale;
    }
  }
}

TEST(FindPart, TheWholeIsFoundAsTheWhole) {
  const Image whole = picture({.width = 700, .height = 500}, 3);
  const auto same = find_part(whole, through_jpeg(whole, 70));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->width, 700);
  EXPECT_EQ(same->top, 0);
  const auto smaller = find_part(whole, resize(whole, {.width = 350, .height = 250}));
  ASSERT_TRUE(smaller);
  EXPECT_LT(error_of(*smaller, {.left = 0, .top = 0, .size = whole.size()}, whole.size()), 0.005);
}

TEST(FindPart, AnotherPictureFitsBadly) {
  const Image whole = picture({.width = 640, .height = 640}, 5);
  for (std::uint64_t seed = 100; seed < 103; ++seed) {
    const Image other = picture({.width = 400, .height = 400}, seed);
    const auto place = find_part(whole, other);
    if (place) {
      EXPECT_LT(place->score, 0.8) << seed;
    }
  }
}

TEST(FindPart, BrightnessAndContrastDoNotMatter) {
  const Image whole = picture({.width = 512, .height = 512}, 6);
  Image part = cut(whole, {.left = 100, .top = 50, .size = {300, 300}});
  for (std::uint8_t& sample : part.pixels()) {
    sample = static_cast<std::uint8_t>(40 + (sample / 2));
  }
  const auto place = find_part(whole, part);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->left, 100);
  EXPECT_EQ(place->top, 50);
}

TEST(FindPart, WithoutContrastThereIsNoPlace) {
  const Image whole = picture({.width = 256, .height = 256}, 7);
  Image flat = Image::with_size({.width = 100, .height = 100});
  std::ranges::fill(flat.pixels(), std::uint8_t{77});
  EXPECT_FALSE(find_part(whole, flat));
  EXPECT_FALSE(find_part(flat, cut(whole, {.left = 0, .top = 0, .size = {50, 50}})));
  EXPECT_FALSE(find_part(whole, Image::with_size({.width = 1, .height = 1})));
}

TEST(FindPart, TinyAndNarrowImagesAreNoTrouble) {
  const Image whole = picture({.width = 20, .height = 12}, 8);
  static_cast<void>(find_part(whole, picture({.width = 3, .height = 2}, 9)));
  static_cast<void>(find_part(picture({.width = 2, .height = 900}, 9), whole));
  static_cast<void>(find_part(whole, picture({.width = 900, .height = 2}, 9)));
  static_cast<void>(
      find_part(picture({.width = 900, .height = 3}, 9), picture({.width = 3, .height = 900}, 9)));
  static_cast<void>(find_part(picture({.width = 1, .height = 1}, 9), whole));
}

}  // namespace
}  // namespace assay::images

#include "images/perceptual_hash.h"

#include "core/random.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace assay::images {
namespace {

/// Blobs of colour, different for each seed: smooth enough to survive scaling.
Image blobs(std::uint64_t seed, ImageSize size) {
  SeededRandom random(seed);
  Image coarse = Image::with_size({.width = 12, .height = 9});
  for (std::uint8_t& sample : coarse.pixels()) {
    sample = static_cast<std::uint8_t>(random.below(256));
  }
  return resize(coarse, size);
}

TEST(PerceptualHash, SurvivesScalingAndCompression) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Image image = blobs(seed, {.width = 400, .height = 300});
    const std::uint64_t hash = perceptual_hash(image);
    EXPECT_LE(hash_distance(hash, perceptual_hash(resize(image, {.width = 160, .height = 120}))),
              4);
    const auto jpeg = encode_jpeg(image, {.quality = 40});
    ASSERT_TRUE(jpeg);
    const auto again = decode(*jpeg);
    ASSERT_TRUE(again);
    EXPECT_LE(hash_distance(hash, perceptual_hash(*again)), 4);
  }
}

TEST(PerceptualHash, TellsPicturesApart) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    EXPECT_GT(hash_distance(perceptual_hash(blobs(seed, {.width = 64, .height = 48})),
                            perceptual_hash(blobs(seed + 1000, {.width = 64, .height = 48}))),
              8);
  }
}

TEST(PerceptualHash, OneColourIsZero) {
  Image image = Image::with_size({.width = 37, .height = 5});
  std::ranges::fill(image.pixels(), std::uint8_t{201});
  EXPECT_EQ(perceptual_hash(image), 0U);
  Image dot = Image::with_size({.width = 1, .height = 1});
  std::ranges::fill(dot.pixels(), std::uint8_t{7});
  EXPECT_EQ(perceptual_hash(dot), 0U);
}

TEST(PerceptualHash, StaysWhatItWas) {
  // Numbers in files of users: a change here is a change of format.
  EXPECT_EQ(perceptual_hash(blobs(1, {.width = 640, .height = 480})), 11537270727645972425U);
}

}  // namespace
}  // namespace assay::images

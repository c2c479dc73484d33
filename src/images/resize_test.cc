#include "images/resize.h"

#include "core/random.h"
#include "crypto/digest.h"
#include "images/resize_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::images {
namespace {

Image random_image(ImageSize size, RandomSource& random) {
  Image image = Image::with_size(size);
  // Extremes beside each other make the filter overshoot.
  const bool has_extremes = random.below(2) == 0;
  for (std::uint8_t& sample : image.pixels()) {
    const auto value = static_cast<std::uint8_t>(random.next());
    const std::uint8_t extreme = value < 128 ? 0 : 255;
    sample = has_extremes ? extreme : value;
  }
  return image;
}

std::vector<std::uint8_t> resample(Resample way, const Image& image, ImageSize size, PixelBox box,
                                   ResizeFilter filter) {
  std::vector<std::uint8_t> samples(box.size.num_pixels() * kNumChannels);
  way(image, make_taps(image.width(), size.width, box.left, box.size.width, filter),
      make_taps(image.height(), size.height, box.top, box.size.height, filter), samples);
  return samples;
}

TEST(Resize, VectorisedIsEqualToPlainOnRandomImages) {
  SeededRandom random(1);
  std::vector<std::pair<std::string_view, Resample>> ways;
  if (const Resample way = resample_by_avx2()) ways.emplace_back("avx2", way);
  if (const Resample way = resample_by_avx512()) ways.emplace_back("avx512", way);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bound = i % 100 == 0 ? 500 : 40;
    const auto length = [&] { return static_cast<std::uint32_t>(1 + random.below(bound)); };
    const Image image = random_image({.width = length(), .height = length()}, random);
    const ImageSize size{.width = length(), .height = length()};
    PixelBox box;
    box.left = static_cast<std::uint32_t>(random.below(size.width));
    box.top = static_cast<std::uint32_t>(random.below(size.height));
    box.size.width = 1 + static_cast<std::uint32_t>(random.below(size.width - box.left));
    box.size.height = 1 + static_cast<std::uint32_t>(random.below(size.height - box.top));
    constexpr auto kFilters = std::to_array({ResizeFilter::kNearest, ResizeFilter::kBilinear,
                                             ResizeFilter::kBicubic, ResizeFilter::kLanczos});
    const ResizeFilter filter = kFilters.at(random.below(kFilters.size()));
    const auto plain = resample(resample_plainly, image, size, box, filter);
    for (const auto& [name, way] : ways) {
      ASSERT_EQ(resample(way, image, size, box, filter), plain)
          << name << ", image " << i << ": " << image.width() << "x" << image.height() << " to "
          << size.width << "x" << size.height;
    }
  }
}

/// The noise that the reference was made of: see below.
Image noise_of_size(ImageSize size) {
  Image image = Image::with_size(size);
  std::uint32_t state = 1;
  for (std::uint8_t& sample : image.pixels()) {
    state = (state * 1'103'515'245U + 12'345U) & 0x7fff'ffffU;
    sample = static_cast<std::uint8_t>(state >> 16);
  }
  return image;
}

// The sums come from PIL 11.3.0: Image.resize() of the noise above.
TEST(Resize, IsEqualToPilToTheByte) {
  struct PilCase {
    ImageSize from;
    ImageSize into;
    ResizeFilter filter;
    std::string_view sha256_start;
  };
  for (const PilCase& wanted : std::to_array<PilCase>({
           {{37, 23}, {16, 31}, ResizeFilter::kNearest, "769f7b0e8e0ffc1d"},
           {{37, 23}, {16, 31}, ResizeFilter::kLanczos, "542bb197a168c21d"},
           {{37, 23}, {16, 31}, ResizeFilter::kBilinear, "a6d668db48a46098"},
           {{37, 23}, {16, 31}, ResizeFilter::kBicubic, "85a237d3abe4f92f"},
           {{97, 64}, {10, 7}, ResizeFilter::kNearest, "66356452d01b527f"},
           {{97, 64}, {10, 7}, ResizeFilter::kLanczos, "6f6cf0bd54c19364"},
           {{5, 300}, {11, 100}, ResizeFilter::kNearest, "dbd25a12178624e2"},
           {{5, 300}, {11, 100}, ResizeFilter::kLanczos, "87d8db8251769b58"},
           {{500, 333}, {224, 224}, ResizeFilter::kNearest, "9cb719bee30f0de1"},
           {{500, 333}, {224, 224}, ResizeFilter::kLanczos, "3befdf920ec7454e"},
           {{500, 333}, {224, 224}, ResizeFilter::kBilinear, "d737bdc9f7932e58"},
           {{500, 333}, {224, 224}, ResizeFilter::kBicubic, "cb1a102e4dfd00e1"},
       })) {
    const Image resized = resize(noise_of_size(wanted.from), wanted.into, wanted.filter);
    EXPECT_EQ(crypto::sha256(std::as_bytes(resized.pixels())).to_hex().substr(0, 16),
              wanted.sha256_start)
        << wanted.from.width << " to " << wanted.into.width << ", filter "
        << static_cast<int>(wanted.filter);
  }
}

TEST(Resize, PartIsThatPartOfTheWhole) {
  SeededRandom random(2);
  const Image image = random_image({.width = 83, .height = 57}, random);
  const ImageSize size{.width = 31, .height = 90};
  const Image whole = resize(image, size);
  const PixelBox box{.left = 7, .top = 30, .size = {.width = 20, .height = 41}};
  std::vector<std::uint8_t> part(box.size.num_pixels() * kNumChannels);
  resize_part(image, size, box, ResizeFilter::kBicubic, part);
  for (std::size_t y = 0; y < box.size.height; ++y) {
    const std::uint8_t* row =
        whole.row(box.top + static_cast<std::uint32_t>(y)) + (box.left * kNumChannels);
    EXPECT_TRUE(std::equal(row, row + (box.size.width * kNumChannels), &part[y * 60])) << y;
  }
}

TEST(Resize, SameSizeIsACopy) {
  SeededRandom random(3);
  const Image image = random_image({.width = 20, .height = 9}, random);
  EXPECT_TRUE(std::ranges::equal(resize(image, image.size()).pixels(), image.pixels()));
}

TEST(Resize, OneFlatColourStaysFlat) {
  Image image = Image::with_size({.width = 500, .height = 3});
  std::ranges::fill(image.pixels(), std::uint8_t{255});
  const Image resized = resize(image, {.width = 1, .height = 224});
  for (const std::uint8_t sample : resized.pixels()) ASSERT_EQ(sample, 255);
}

TEST(ClipCrop, CutsTheLongerSideAndRoundsTheOffsetToEven) {
  // 224 * 1000 / 300 = 746.67; (746 - 224) / 2 = 261.
  ClipCrop crop = clip_crop_of({.width = 1000, .height = 300}, 224);
  EXPECT_EQ(crop.resized, (ImageSize{.width = 746, .height = 224}));
  EXPECT_EQ(crop.box.left, 261U);
  // (225 - 224) / 2 = 0.5 is rounded to 0, (227 - 224) / 2 = 1.5 to 2.
  EXPECT_EQ(clip_crop_of({.width = 224, .height = 225}, 224).box.top, 0U);
  EXPECT_EQ(clip_crop_of({.width = 224, .height = 227}, 224).box.top, 2U);
}

TEST(ClipCrop, OfALineStaysWithinBounds) {
  const Image line = [] {
    Image image = Image::with_size({.width = 1, .height = 30'000'000});
    std::ranges::fill(image.pixels(), std::uint8_t{200});
    return image;
  }();
  std::vector<std::uint8_t> crop(std::size_t{224} * 224 * kNumChannels);
  clip_crop(line, 224, crop);
  EXPECT_EQ(std::ranges::count(crop, 200), 224 * 224 * 3);
}

}  // namespace
}  // namespace assay::images

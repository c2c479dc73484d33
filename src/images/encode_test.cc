#include "images/encode.h"

#include "images/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace assay::images {
namespace {

/// Slow changes, which JPEG keeps well.
Image ramp(ImageSize size) {
  Image image = Image::with_size(size);
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x) {
      std::uint8_t* pixel = image.row(y) + (x * kNumChannels);
      pixel[0] = static_cast<std::uint8_t>(x);
      pixel[1] = static_cast<std::uint8_t>(y);
      pixel[2] = static_cast<std::uint8_t>(255 - x);
    }
  }
  return image;
}

TEST(Encode, PngKeepsEveryPixel) {
  const Image image = ramp({.width = 67, .height = 130});
  const auto encoded = encode_png(image);
  ASSERT_TRUE(encoded.has_value());
  const auto decoded = decode(*encoded);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->size(), image.size());
  EXPECT_TRUE(std::ranges::equal(decoded->pixels(), image.pixels()));
}

TEST(Encode, JpegIsCloseAtHighQuality) {
  const Image image = ramp({.width = 67, .height = 130});
  const auto encoded = encode_jpeg(image, {.quality = 95, .chroma = ChromaSampling::kFull});
  ASSERT_TRUE(encoded.has_value());
  const auto decoded = decode(*encoded);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  ASSERT_EQ(decoded->size(), image.size());
  int largest = 0;
  for (std::size_t i = 0; i < image.pixels().size(); ++i) {
    largest = std::max(largest, std::abs(decoded->pixels()[i] - image.pixels()[i]));
  }
  EXPECT_LE(largest, 8);
}

TEST(Encode, JpegNamesTheSideThatIsTooLong) {
  const auto encoded = encode_jpeg(Image::with_size({.width = 70'000, .height = 1}));
  ASSERT_FALSE(encoded.has_value());
  EXPECT_EQ(encoded.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(encoded.error().message, "an image of 70000 x 1 pixels; JPEG holds 65500 a side");
}

}  // namespace
}  // namespace assay::images

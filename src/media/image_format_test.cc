#include "media/image_format.h"

#include "core/bytes.h"
#include "media/testing/sample_images.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::media {
namespace {

TEST(ImageFormat, KnowsEachByItsBeginning) {
  for (const auto& sample : testing::sample_images()) {
    const auto format = find_image_format(as_bytes(sample.bytes));
    ASSERT_TRUE(format) << sample.extension;
    EXPECT_EQ(extension_of(*format), sample.extension);
  }
}

TEST(ImageFormat, AMagicAloneIsNotEnough) {
  for (const auto& sample : testing::sample_images()) {
    for (std::size_t size = 0; size < sample.num_bytes_needed; ++size) {
      EXPECT_FALSE(find_image_format(as_bytes(sample.bytes.substr(0, size))))
          << sample.extension << " of " << size;
    }
    EXPECT_TRUE(find_image_format(as_bytes(sample.bytes.substr(0, sample.num_bytes_needed))))
        << sample.extension;
  }
}

TEST(ImageFormat, RefusesWhatNoImageHas) {
  const auto refused = [](std::string bytes, std::size_t offset, char value) {
    bytes.at(offset) = value;
    return !find_image_format(as_bytes(bytes));
  };
  const auto sample = [](std::string_view extension) {
    for (const auto& image : testing::sample_images()) {
      if (image.extension == extension) return image.bytes;
    }
    return std::string();
  };
  EXPECT_TRUE(refused(sample("png"), 19, 0)) << "no width";
  EXPECT_TRUE(refused(sample("jpeg"), 5, 1)) << "a segment shorter than its length";
  EXPECT_TRUE(refused(sample("webp"), 12, 'X')) << "no chunk of WebP";
  EXPECT_TRUE(refused(sample("bmp"), 14, 41)) << "no header of that length";
  EXPECT_TRUE(refused(sample("tiff"), 4, 4)) << "a folder within the header";
  EXPECT_TRUE(refused(sample("avif"), 3, 17)) << "brands that are cut";
  EXPECT_TRUE(refused(sample("heic"), 11, 'X')) << "another brand";
}

}  // namespace
}  // namespace assay::media

#include "embedding/sample_sizes.h"

#include "archives/testing/zip_builder.h"
#include "embedding/testing/fake_models.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace assay::embedding {
namespace {

std::optional<double> mean_pixels_of(const std::vector<std::string>& files,
                                     std::size_t num_samples) {
  const files::testing::TemporaryFolder folder;
  archives::testing::ZipBuilder zip;
  for (std::size_t i = 0; i < files.size(); ++i) {
    zip.add("image" + std::to_string(100 + i) + ".png", files[i]);
  }
  const auto path = folder.path() / "images.zip";
  std::ofstream(path, std::ios::binary) << zip.finish();
  const auto source = archives::open_entry_source(files::posix_file_system(), path);
  EXPECT_TRUE(source);
  return mean_pixels(**source, num_samples);
}

TEST(MeanPixels, IsOfImagesFromAllOverTheSource) {
  const std::vector<std::string> files = {testing::png_of(2, 3, 1), testing::png_of(4, 5, 2),
                                          testing::png_of(6, 7, 3), testing::png_of(8, 9, 4)};
  EXPECT_EQ(mean_pixels_of(files, 2), (20 + 72) / 2.0);
  EXPECT_EQ(mean_pixels_of(files, 9), (6 + 20 + 42 + 72) / 4.0);
}

TEST(MeanPixels, WhatIsNoImageDoesNotCount) {
  EXPECT_EQ(mean_pixels_of({"words", testing::png_of(2, 3, 1)}, 2), 6.0);
  EXPECT_EQ(mean_pixels_of({"words"}, 2), std::nullopt);
}

}  // namespace
}  // namespace assay::embedding

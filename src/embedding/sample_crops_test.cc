#include "embedding/sample_crops.h"

#include "archives/testing/zip_builder.h"
#include "embedding/testing/fake_models.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace assay::embedding {
namespace {

class SampleCropsTest : public ::testing::Test {
 protected:
  using Sources = std::vector<std::unique_ptr<archives::EntrySource>>;

  /// A zip of these files.
  void add(Sources& sources, const std::vector<std::string>& contents) const {
    archives::testing::ZipBuilder zip;
    for (std::size_t i = 0; i < contents.size(); ++i) {
      zip.add("image" + std::to_string(100 + i) + ".png", contents[i]);
    }
    const auto path = folder_.path() / (std::to_string(sources.size()) + ".zip");
    std::ofstream(path, std::ios::binary) << zip.finish();
    auto source = archives::open_entry_source(files::posix_file_system(), path);
    ASSERT_TRUE(source);
    sources.push_back(std::move(*source));
  }

  static std::string image(std::size_t red) {
    return testing::png_of(4, 4, static_cast<std::uint8_t>(red));
  }

  /// The red of each crop.
  static std::vector<int> reds(const CropSample& sample) {
    std::vector<int> reds;
    for (std::size_t i = 0; i < sample.images.size(); ++i) {
      reds.push_back(sample.crops[i * sample.crops.size() / sample.images.size()]);
    }
    return reds;
  }

  files::testing::TemporaryFolder folder_;
};

TEST_F(SampleCropsTest, LieEvenlyAmongTheImagesOfAllSources) {
  Sources sources;
  std::vector<std::string> images;
  for (std::size_t i = 0; i < 8; ++i) images.push_back(image(i));
  add(sources, images);
  images.clear();
  for (std::size_t i = 8; i < 12; ++i) images.push_back(image(i));
  add(sources, images);
  const CropSample sample = sample_crops(sources, {.num_crops = 4, .side = 2});
  EXPECT_EQ(sample.crops.size(), 4U * 2 * 2 * 3);
  EXPECT_EQ(reds(sample), (std::vector{0, 3, 6, 9}));
}

TEST_F(SampleCropsTest, NeighboursTakeThePlaceOfWhatIsBrokenOrEqual) {
  Sources sources;
  add(sources, {image(1), image(2), "broken", image(3), image(1), image(4), "broken", "broken"});
  const CropSample sample = sample_crops(sources, {.num_crops = 4, .side = 2});
  EXPECT_EQ(reds(sample), (std::vector{1, 2, 3, 4}));
}

TEST_F(SampleCropsTest, ThereMayBeFewer) {
  Sources sources;
  EXPECT_TRUE(sample_crops(sources, {}).images.empty());
  add(sources, {image(1), "broken", image(2)});
  EXPECT_EQ(sample_crops(sources, {.num_crops = 10, .side = 2}).images.size(), 2U);
}

TEST_F(SampleCropsTest, OfNothingButBrokenImagesFewAreRead) {
  Sources sources;
  std::vector<std::string> images(40, "broken");
  images.push_back(image(1));
  add(sources, images);
  // The sound one is the last of 41, and no place is that far from the first.
  EXPECT_TRUE(sample_crops(sources, {.num_crops = 1, .side = 2}).images.empty());
}

}  // namespace
}  // namespace assay::embedding

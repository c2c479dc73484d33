#include "app/cache_shelf.h"

#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "images/encode.h"
#include "images/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

namespace assay::app {
namespace {

using validator::Cell;
using validator::ImageOrigin;

constexpr Cell kPhotoWithout{.origin = ImageOrigin::kReal, .label = scoring::Label::kAbsent};
constexpr Cell kDrawnWith{.origin = ImageOrigin::kTextToImage, .label = scoring::Label::kPresent};

class CacheShelfTest : public ::testing::Test {
 protected:
  void put(const std::string& folder, const std::string& name, std::uint8_t shade,
           std::string_view sidecar) const {
    images::Image image = images::Image::with_size({.width = 32, .height = 32});
    std::ranges::fill(image.pixels(), shade);
    const auto bytes = images::encode_png(image).value();
    auto& disk = files::posix_file_system();
    ASSERT_TRUE(files::write_file(disk, root() / folder / (name + ".json"), sidecar));
    ASSERT_TRUE(files::write_file(disk, root() / folder / (name + ".png"), as_text(bytes)));
  }
  std::filesystem::path root() const { return folder_.path() / "cache"; }
  std::unique_ptr<CacheShelf> open() const {
    auto shelf = CacheShelf::open(root(), {.rescan_interval = std::chrono::milliseconds(0)}, {});
    EXPECT_TRUE(shelf) << shelf.error().message;
    return std::move(*shelf);
  }

  files::testing::TemporaryFolder folder_;
};

TEST_F(CacheShelfTest, CountsAndDrawsByCell) {
  put("Roadwork/image", "road", 10, R"({"label": 0, "scene_description": ""})");
  put("Synthetic/t2i", "works", 200, R"({"label": 1, "scene_description": "cones"})");
  put("Synthetic/t2i", "no_label", 100, "{}");
  const auto shelf = open();
  const auto stock = shelf->stock().value();
  for (std::size_t i = 0; i < validator::kNumCells; ++i) {
    const bool is_there = i == index_of(kPhotoWithout) || i == index_of(kDrawnWith);
    EXPECT_EQ(stock.at(i), is_there ? 1U : 0U) << i;
  }
  const auto drawn = shelf->draw(kDrawnWith).value();
  ASSERT_TRUE(drawn);
  EXPECT_EQ(drawn->name, "Synthetic/t2i/works.png");
  EXPECT_EQ(shelf->read(drawn->name).value().bytes, drawn->bytes);
  EXPECT_FALSE(shelf->draw({.origin = ImageOrigin::kImageToImage}).value());
  EXPECT_EQ(shelf->read("Synthetic/t2i/gone.png").error().code, ErrorCode::kNotFound);
}

TEST_F(CacheShelfTest, APhotoThatIsDroppedInIsNoticedBeforeTheNextLook) {
  auto shelf = CacheShelf::open(root(), {.rescan_interval = std::chrono::hours(1)}, {});
  ASSERT_TRUE(shelf);
  put("Roadwork/image", "road", 10, R"({"label": 0, "scene_description": ""})");
  // It takes half a second, and only asking moves it on; a machine that stands still may take
  // longer.
  for (int i = 0; i < 600 && (*shelf)->stock().value().at(index_of(kPhotoWithout)) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ((*shelf)->stock().value().at(index_of(kPhotoWithout)), 1U);
}

TEST_F(CacheShelfTest, ALabelThatWasEditedIsNeverDrawnAsTheOldOne) {
  put("Roadwork/image", "road", 10, R"({"label": 0, "scene_description": ""})");
  auto shelf = CacheShelf::open(root(), {.rescan_interval = std::chrono::hours(1)}, {});
  ASSERT_TRUE(shelf);
  ASSERT_EQ((*shelf)->stock().value().at(index_of(kPhotoWithout)), 1U);
  // In place: the time of the folder stays.
  std::ofstream(root() / "Roadwork/image/road.json")
      << R"({"label": 1, "scene_description": "cones here"})";
  EXPECT_FALSE((*shelf)->draw(kPhotoWithout).value());
  const auto drawn =
      (*shelf)->draw({.origin = ImageOrigin::kReal, .label = scoring::Label::kPresent}).value();
  ASSERT_TRUE(drawn);
  EXPECT_EQ(drawn->name, "Roadwork/image/road.png");
}

TEST_F(CacheShelfTest, FollowsWhatOthersPutThereAndTakeAway) {
  const auto shelf = open();
  EXPECT_EQ(shelf->stock().value().at(index_of(kPhotoWithout)), 0U);
  EXPECT_TRUE(shelf->why_empty().contains("assay cache"));
  put("Roadwork/image", "road", 10, R"({"label": 0, "scene_description": ""})");
  EXPECT_EQ(shelf->stock().value().at(index_of(kPhotoWithout)), 1U);
  std::filesystem::remove_all(root() / "Roadwork/image");
  EXPECT_FALSE(shelf->draw(kPhotoWithout).value());
}

}  // namespace
}  // namespace assay::app

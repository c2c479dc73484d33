#include "updater/image_folder.h"

#include "cache/testing/cache_fixture.h"
#include "tables/testing/memory_sources.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace assay::updater {
namespace {

using cache::Label;
using cache::testing::CacheFixture;
using cache::testing::jpeg_picture;

std::vector<TableRow> read(const ImageFolder& folder, const std::vector<std::uint64_t>& rows) {
  std::vector<TableRow> found;
  EXPECT_TRUE(folder.read_rows(rows,
                               [&](TableRow row) -> Status {
                                 found.push_back(std::move(row));
                                 return {};
                               },
                               {}));
  return found;
}

TEST(ImageFolder, FoldersSayWhatTheirImagesShow) {
  CacheFixture fixture;
  fixture.put("photos/none/a.jpg", jpeg_picture(1));
  fixture.put("photos/roadwork/b.jpg", jpeg_picture(2));
  fixture.put("photos/c.jpg", jpeg_picture(3));
  fixture.put("photos/words.txt", "no image");
  const tables::DatasetSources sources{.file_system = &fixture.file_system};
  const std::string path = (fixture.folder.path() / "photos").native();
  const auto folder = ImageFolder::open(sources, path, {});
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->num_rows(), 3U);
  EXPECT_EQ(*folder->read_labels({}),
            (std::vector<std::optional<Label>>{std::nullopt, Label::kNone, Label::kRoadwork}));
  const auto rows = read(*folder, {1});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].image, jpeg_picture(1));
  EXPECT_EQ(rows[0].original_name, "a.jpg");
  const std::string before = folder->identity();
  fixture.put("photos/none/d.jpg", jpeg_picture(4));
  const std::string after = ImageFolder::open(sources, path, {})->identity();
  EXPECT_NE(after, before);
  EXPECT_EQ(ImageFolder::open(sources, path, {})->identity(), after);
  fixture.put("photos/none/d.jpg", jpeg_picture(5));
  EXPECT_NE(ImageFolder::open(sources, path, {})->identity(), after);
}

TEST(ImageFolder, WhatTheCacheHoldsAlreadyIsLeftOut) {
  CacheFixture fixture;
  fixture.drop("a.jpg", jpeg_picture(1));
  fixture.drop("Roadwork/image/b.jpg", jpeg_picture(2));
  fixture.drop("quarantine/c.jpg", jpeg_picture(3));
  const tables::DatasetSources sources{.file_system = &fixture.file_system};
  const std::filesystem::path root = fixture.layout.root();
  EXPECT_EQ(ImageFolder::open(sources, root.native(), {})->num_rows(), 3U);
  EXPECT_EQ(ImageFolder::open(sources, root.native(), {.cache_root = root})->num_rows(), 1U);
}

TEST(ImageFolder, KnowsTheSameImagesInOtherRows) {
  CacheFixture fixture;
  tables::testing::MemorySources store;
  for (const char name : {'b', 'c', 'd'}) {
    store.set(fmt::format("s3://photos/{}.jpg", name), std::string(1, name));
  }
  const tables::DatasetSources sources{.file_system = &fixture.file_system, .remote = &store};
  const auto before = ImageFolder::open(sources, "s3://photos", {});
  ASSERT_TRUE(before);
  const std::string marks = before->marks(std::vector<std::uint64_t>{0, 2});
  EXPECT_EQ(marks.size(), 32U);
  EXPECT_EQ(before->rows_of(marks), (std::vector<std::uint64_t>{0, 2}));
  store.set("s3://photos/a.jpg", "b");
  store.remove("s3://photos/c.jpg");
  store.set("s3://photos/d.jpg", "another");
  const auto after = ImageFolder::open(sources, "s3://photos", {});
  EXPECT_EQ(after->rows_of(marks), std::vector<std::uint64_t>{1});
  EXPECT_TRUE(after->rows_of("").empty());
  EXPECT_TRUE(after->rows_of("what is no mark").empty());
}

TEST(ImageFolder, AFileThatIsGoneCostsItsRow) {
  CacheFixture fixture;
  const auto gone = fixture.put("photos/a.jpg", jpeg_picture(1));
  fixture.put("photos/b.jpg", jpeg_picture(2));
  const tables::DatasetSources sources{.file_system = &fixture.file_system};
  const auto folder = ImageFolder::open(sources, gone.parent_path().native(),
                                        {.label = Label::kNone, .max_image_size = ByteCount(10)});
  ASSERT_TRUE(folder);
  std::filesystem::remove(gone);
  const auto rows = read(*folder, {0, 1});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].image.empty());
  EXPECT_FALSE(rows[0].problem.empty());
  EXPECT_NE(rows[1].problem.find("larger"), std::string::npos) << rows[1].problem;
}

TEST(ImageFolder, ReadsBelowAPrefixOfAStore) {
  CacheFixture fixture;
  tables::testing::MemorySources store;
  store.set("s3://photos/set/none/a.jpg", jpeg_picture(1));
  store.set("s3://photos/set/roadwork/b.png", jpeg_picture(2));
  store.set("s3://photos/set/notes.txt", "words");
  store.set("s3://photos/settled/c.jpg", jpeg_picture(3));
  const tables::DatasetSources sources{.file_system = &fixture.file_system, .remote = &store};
  const auto folder = ImageFolder::open(sources, "s3://photos/set", {});
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(*folder->read_labels({}),
            (std::vector<std::optional<Label>>{Label::kNone, Label::kRoadwork}));
  EXPECT_EQ(read(*folder, {1}).at(0).image, jpeg_picture(2));
  // Another object of the same name makes it another folder.
  EXPECT_EQ(ImageFolder::open(sources, "s3://photos/set", {})->identity(), folder->identity());
  store.set("s3://photos/set/none/a.jpg", jpeg_picture(4));
  EXPECT_NE(ImageFolder::open(sources, "s3://photos/set", {})->identity(), folder->identity());
  // One that does not answer costs the round, not each image a row.
  store.go_down();
  const auto failed =
      folder->read_rows(std::vector<std::uint64_t>{0}, [](TableRow) { return Status(); }, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(ImageFolder::open(sources, "s3://photos/set", {.labels_file = "labels.csv"}));
}

}  // namespace
}  // namespace assay::updater

#include "updater/image_folder.h"

#include "cache/testing/cache_fixture.h"
#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace assay::updater {
namespace {

using cache::Label;
using cache::testing::CacheFixture;
using cache::testing::jpeg_picture;

/// Objects in memory.
class FakeStore final : public tables::RemoteSources {
 public:
  Result<std::vector<tables::RemoteObject>> list(std::string_view address) override {
    std::vector<tables::RemoteObject> found;
    for (const auto& [name, content] : objects) {
      if (!name.starts_with(address)) continue;
      found.push_back({.address = name, .version = crypto::sha256(content).to_hex()});
    }
    return found;
  }
  Result<std::unique_ptr<files::ByteSource>> open(const std::string& address) override {
    if (is_down) return unavailable("the store does not answer");
    const auto found = objects.find(address);
    if (found == objects.end()) return not_found(address);
    return files::memory_byte_source(address, found->second);
  }

  std::map<std::string, std::string, std::less<>> objects;
  bool is_down = false;
};

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
  FakeStore store;
  store.objects = {{"s3://photos/set/none/a.jpg", jpeg_picture(1)},
                   {"s3://photos/set/roadwork/b.png", jpeg_picture(2)},
                   {"s3://photos/set/notes.txt", "words"},
                   {"s3://photos/settled/c.jpg", jpeg_picture(3)}};
  const tables::DatasetSources sources{.file_system = &fixture.file_system, .remote = &store};
  const auto folder = ImageFolder::open(sources, "s3://photos/set", {});
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(*folder->read_labels({}),
            (std::vector<std::optional<Label>>{Label::kNone, Label::kRoadwork}));
  EXPECT_EQ(read(*folder, {1}).at(0).image, jpeg_picture(2));
  // Another object of the same name makes it another folder.
  EXPECT_EQ(ImageFolder::open(sources, "s3://photos/set", {})->identity(), folder->identity());
  store.objects["s3://photos/set/none/a.jpg"] = jpeg_picture(4);
  EXPECT_NE(ImageFolder::open(sources, "s3://photos/set", {})->identity(), folder->identity());
  // One that does not answer costs the round, not each image a row.
  store.is_down = true;
  const auto failed =
      folder->read_rows(std::vector<std::uint64_t>{0}, [](TableRow) { return Status(); }, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(ImageFolder::open(sources, "s3://photos/set", {.labels_file = "labels.csv"}));
}

}  // namespace
}  // namespace assay::updater

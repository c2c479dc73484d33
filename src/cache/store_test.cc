#include "cache/store.h"

#include "cache/publish.h"
#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using testing::CacheFixture;
using testing::jpeg_picture;

std::map<std::string, Item> items_of(Store& store) {
  std::map<std::string, Item> items;
  EXPECT_TRUE(store.index().for_each([&](const Item& item) { items.emplace(item.name, item); }));
  return items;
}

constexpr std::string_view kWorks = R"({"label": 1, "scene_description": "cones"})";

TEST(Store, PhotosPutThereByHandAreTakenInAsUnlabelled) {
  CacheFixture fixture;
  for (const char* name : {"a.jpg", "b.JPG", "notes.txt", ".hidden.jpg"}) {
    fixture.drop(std::string("Roadwork/images/") + name, jpeg_picture(1));
  }
  const auto store = fixture.open();
  const auto summary = rescan(*store, ScanDepth::kFolders);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_new, 2U);
  const auto items = items_of(*store);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items.at("a.jpg").state, ItemState::kNoSidecar);
  EXPECT_EQ(items.at("a.jpg").folder, ItemFolder::kRoadworkImages);
  EXPECT_EQ(items.at("a.jpg").facts->size.width, 64U);
}

TEST(Store, ALinkToTheFolderOfPhotosIsNoSecondFolder) {
  CacheFixture fixture;
  const fs::path images = fixture.layout.folder(ItemFolder::kRoadworkImages);
  fixture.drop("Roadwork/images/a.jpg", jpeg_picture(1));
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  EXPECT_FALSE(store->is_second_name(ItemFolder::kRoadworkImages));
  fs::rename(images, fixture.layout.folder(ItemFolder::kRoadworkImage));
  fs::create_directory_symlink("image", images);
  EXPECT_TRUE(store->is_second_name(ItemFolder::kRoadworkImages));
  EXPECT_FALSE(store->is_second_name(ItemFolder::kRoadworkImage));
  // What an index of before knows by the second name is forgotten, and is not told as gone.
  const auto summary = rescan(*store, ScanDepth::kFolders);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_gone, 0U);
  EXPECT_EQ(store->index().totals(ItemFolder::kRoadworkImages)->num_items, 0U);
  EXPECT_EQ(store->index().totals(ItemFolder::kRoadworkImage)->num_items, 1U);
  EXPECT_EQ(rescan(*store, ScanDepth::kFiles)->num_new, 0U);
  // A folder in the link's place is one of its own again.
  fs::remove(images);
  fixture.drop("Roadwork/images/b.jpg", jpeg_picture(2));
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  EXPECT_EQ(store->index().totals(ItemFolder::kRoadworkImages)->num_items, 1U);
}

TEST(Store, ASecondScanFindsNothingAndAChangeIsFound) {
  CacheFixture fixture;
  fixture.drop("Synthetic/t2i/a.png", jpeg_picture(1));
  fixture.drop("Synthetic/t2i/b.jpg", "broken");
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  EXPECT_EQ(items_of(*store).at("b.jpg").state, ItemState::kBroken);
  EXPECT_FALSE(items_of(*store).at("b.jpg").problem.empty());
  const auto again = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_new + again->num_changed + again->num_gone, 0U);

  const std::uint64_t old_id = items_of(*store).at("a.png").id;
  ASSERT_TRUE(store->served()->claim(old_id, ServedMap::kNever, 77));
  fixture.drop("Synthetic/t2i/a.json", kWorks);
  fixture.drop("Synthetic/t2i/b.jpg", jpeg_picture(2));  // the copy is complete now
  const auto changed = rescan(*store, ScanDepth::kFolders);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->num_changed, 2U);
  const Item item = items_of(*store).at("a.png");
  EXPECT_EQ(item.state, ItemState::kReady);
  EXPECT_EQ(item.label, Label::kRoadwork);
  EXPECT_NE(item.id, old_id);
  EXPECT_EQ(store->served()->last_served(item.id), 77U) << "an item that changes was served still";
  EXPECT_EQ(store->served()->last_served(old_id), ServedMap::kGone);
  EXPECT_EQ(items_of(*store).at("b.jpg").state, ItemState::kNoSidecar);

  fs::remove(fixture.layout.folder(ItemFolder::kSyntheticT2i) / "a.png");
  const auto gone = rescan(*store, ScanDepth::kFolders);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->num_gone, 1U);
  EXPECT_EQ(items_of(*store).size(), 1U);
}

/// As gc does that is killed before the first file is gone.
void begin_removal_of_all(Store& store) {
  std::vector<Item> items;
  for (const auto& [name, item] : items_of(store)) items.push_back(item);
  ASSERT_TRUE(store.index().begin_removal(items));
}

TEST(Store, ARemovalThatWasCutSparesWhatCameUnderItsNamesSince) {
  CacheFixture fixture;
  for (const char* const name : {"same", "new", "other", "beside"}) {
    fixture.drop(std::string("Synthetic/t2i/") + name + ".png", jpeg_picture(1));
    fixture.drop(std::string("Synthetic/t2i/") + name + ".json", kWorks);
  }
  {
    const auto store = fixture.open();
    ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
    begin_removal_of_all(*store);
  }
  const fs::path folder = fixture.layout.folder(ItemFolder::kSyntheticT2i);
  fixture.drop("Synthetic/t2i/new.png", jpeg_picture(2, 80));
  fixture.drop("Synthetic/t2i/other.png", jpeg_picture(3, 80));
  fixture.drop("Synthetic/t2i/other.json", R"({"label": 0, "scene_description": "a road"})");
  fs::remove(folder / "beside.png");
  fixture.drop("Synthetic/t2i/beside.json", R"({"label": 0, "scene_description": "a new one"})");
  const auto store = fixture.open();
  EXPECT_TRUE(store->index().removals()->empty());
  EXPECT_FALSE(fs::exists(folder / "same.png") || fs::exists(folder / "same.json"));
  EXPECT_TRUE(fs::exists(folder / "new.png")) << "a photo that nobody has looked at";
  EXPECT_FALSE(fs::exists(folder / "new.json")) << "the label of the one before";
  EXPECT_TRUE(fs::exists(folder / "other.png") && fs::exists(folder / "other.json"));
  EXPECT_TRUE(fs::exists(folder / "beside.json"));
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const auto items = items_of(*store);
  EXPECT_EQ(items.size(), 2U);
  EXPECT_EQ(items.at("new.png").state, ItemState::kNoSidecar);
  EXPECT_EQ(items.at("other.png").label, Label::kNone);
}

TEST(Store, WhoWritesNextFinishesARemovalThatWasCut) {
  CacheFixture fixture;
  fixture.drop("Synthetic/t2i/a.png", jpeg_picture(1));
  const auto store = fixture.open();
  {
    const auto killed = fixture.open();
    ASSERT_TRUE(rescan(*killed, ScanDepth::kFolders));
    begin_removal_of_all(*killed);
  }
  ASSERT_TRUE(store->begin_turn());
  EXPECT_TRUE(store->index().removals()->empty());
  EXPECT_FALSE(fs::exists(fixture.layout.folder(ItemFolder::kSyntheticT2i) / "a.png"));
}

TEST(Store, AFileThatCannotBeRemovedStopsNobody) {
  CacheFixture fixture;
  // No program of ours removes a folder.
  fixture.drop("Synthetic/t2i/a.json/note", "kept");
  for (const char* const name : {"a", "b", "c"}) {
    fixture.drop(std::string("Synthetic/t2i/") + name + ".png", jpeg_picture(1));
  }
  {
    const auto store = fixture.open();
    ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
    begin_removal_of_all(*store);
  }
  const auto store = Store::open(fixture.tools(), fixture.layout, {});
  ASSERT_TRUE(store) << store.error().message;
  const fs::path folder = fixture.layout.folder(ItemFolder::kSyntheticT2i);
  EXPECT_FALSE(fs::exists(folder / "b.png") || fs::exists(folder / "c.png"));
  EXPECT_TRUE((*store)->begin_turn());
  // Who removes is told, once the others are gone.
  fixture.drop("Synthetic/t2i/a.png", jpeg_picture(2));
  fixture.drop("Synthetic/t2i/d.png", jpeg_picture(2));
  ASSERT_TRUE(rescan(**store, ScanDepth::kFolders));
  std::vector<Item> items;
  for (const auto& [name, item] : items_of(**store)) items.push_back(item);
  const auto turn = (*store)->begin_turn();
  ASSERT_TRUE(turn);
  EXPECT_FALSE((*store)->remove(*turn, items, {}));
  EXPECT_FALSE(fs::exists(folder / "d.png"));
}

TEST(Store, ASidecarThatOthersReplacedIsRead) {
  CacheFixture fixture;
  fixture.drop("Synthetic/t2i/a.png", jpeg_picture(1));
  const fs::path sidecar = fixture.drop("Synthetic/t2i/a.json", kWorks);
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const Item before = items_of(*store).at("a.png");
  EXPECT_TRUE(confirm_item(*store, before.id).value());

  constexpr std::string_view kPlainRoad = R"({"label": 0, "scene_description": "a road"})";
  fixture.drop("Synthetic/t2i/new.tmp", kPlainRoad);
  fs::rename(sidecar.parent_path() / "new.tmp", sidecar);
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const Item replaced = items_of(*store).at("a.png");
  EXPECT_EQ(replaced.label, Label::kNone);

  // Written to in place, which the time of the folder does not tell.
  std::ofstream(sidecar) << kWorks;
  EXPECT_FALSE(confirm_item(*store, replaced.id).value());
  const Item edited = items_of(*store).at("a.png");
  EXPECT_EQ(edited.label, Label::kRoadwork);
  EXPECT_TRUE(confirm_item(*store, edited.id).value());
  fs::remove(sidecar.parent_path() / "a.png");
  EXPECT_FALSE(confirm_item(*store, edited.id).value());
  EXPECT_TRUE(items_of(*store).empty());
}

TEST(Store, ABrokenImageIsReadAgainThoughItsTimeIsTheSame) {
  CacheFixture fixture;
  const std::string picture = jpeg_picture(1);
  const fs::path path = fixture.drop("Synthetic/t2i/a.jpg", std::string(picture.size(), 'x'));
  const auto modified = fs::last_write_time(path);
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  ASSERT_EQ(items_of(*store).at("a.jpg").state, ItemState::kBroken);

  fixture.drop("Synthetic/t2i/a.jpg", picture);
  fs::last_write_time(path, modified);
  const auto again = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->num_changed, 1U);
  EXPECT_EQ(items_of(*store).at("a.jpg").state, ItemState::kNoSidecar);
}

TEST(Store, ADamagedIndexIsMadeAnewAndOldViewsAreTold) {
  CacheFixture fixture;
  fixture.drop("Roadwork/image/a.jpg", jpeg_picture(1));
  const auto before = fixture.open();
  ASSERT_TRUE(rescan(*before, ScanDepth::kFolders));
  EXPECT_FALSE(before->served()->is_retired());
  std::ofstream(fixture.layout.index(), std::ios::binary) << "no database at all";
  const auto store = fixture.open();
  const auto summary = rescan(*store, ScanDepth::kFolders);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->num_new, 1U);
  EXPECT_TRUE(before->served()->is_retired());
}

TEST(Store, ReadingWritesNothing) {
  CacheFixture fixture;
  fixture.drop("Roadwork/image/a.jpg", jpeg_picture(1));
  const auto store = fixture.open(Access::kRead);
  ASSERT_TRUE(rescan(*store, ScanDepth::kFiles));
  EXPECT_EQ(items_of(*store).size(), 1U);
  EXPECT_FALSE(fs::exists(fixture.layout.state()));
}

TEST(Store, RemovesImageAndSidecarButNothingInFlight) {
  CacheFixture fixture;
  for (const char* name : {"a", "b"}) {
    fixture.drop(std::string("Roadwork/image/") + name + ".jpg", jpeg_picture(1));
    fixture.drop(std::string("Roadwork/image/") + name + ".json", kWorks);
  }
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const auto items = items_of(*store);
  const auto now = static_cast<std::uint64_t>(fixture.clock.now().time_since_epoch().count());
  ASSERT_TRUE(store->served()->claim(items.at("b.jpg").id, ServedMap::kNever, now));
  fixture.clock.advance(std::chrono::seconds(10));
  const auto turn = store->begin_turn();
  ASSERT_TRUE(turn);
  const std::vector<Item> both = {items.at("a.jpg"), items.at("b.jpg")};
  const auto removed = store->remove(*turn, both, std::chrono::minutes(1));
  ASSERT_TRUE(removed) << removed.error().message;
  ASSERT_EQ(removed->size(), 1U);
  const fs::path folder = fixture.layout.folder(ItemFolder::kRoadworkImage);
  EXPECT_FALSE(fs::exists(folder / "a.jpg"));
  EXPECT_FALSE(fs::exists(folder / "a.json"));
  EXPECT_TRUE(fs::exists(folder / "b.jpg"));
  EXPECT_EQ(items_of(*store).size(), 1U);
}

TEST(ServedMap, OfTwoWhoSawTheSameOneIsServed) {
  CacheFixture fixture;
  auto one = ServedMap::open(fixture.folder.path() / "map", 10);
  auto other = ServedMap::open(fixture.folder.path() / "map", 10);
  ASSERT_TRUE(one && other);
  EXPECT_TRUE(one->claim(3, ServedMap::kNever, 100));
  EXPECT_FALSE(other->claim(3, ServedMap::kNever, 101));
  EXPECT_EQ(other->last_served(3), 100U);
  EXPECT_EQ(other->num_served(3), 1U);
  EXPECT_TRUE(other->claim_removal(3, 100));
  EXPECT_FALSE(one->claim(3, 100, 102));
  EXPECT_EQ(one->last_served(3), ServedMap::kGone);
}

TEST(Store, OneWritesAtATime) {
  CacheFixture fixture;
  const auto one = fixture.open();
  const auto turn = one->begin_turn();
  ASSERT_TRUE(turn);
  const auto other =
      Store::open(fixture.tools(), fixture.layout, {.max_wait = std::chrono::milliseconds(0)});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(other.error().message.find("write.lock"), std::string::npos);
}

const std::vector<NewFile> kBatch = {
    {.name = "a.jpg", .image = as_bytes("first image"), .sidecar = "first sidecar"},
    {.name = "b.png", .image = as_bytes("second image"), .sidecar = "second sidecar"}};
const std::map<std::string, std::string> kWhole = {{"a.jpg", "first image"},
                                                   {"a.json", "first sidecar"},
                                                   {"b.png", "second image"},
                                                   {"b.json", "second sidecar"}};
constexpr std::string_view kOldText = "of an image that is gone";

enum class Before : std::uint8_t { kNothing, kOldSidecar };
enum class End : std::uint8_t { kPowerCut, kKill };

/// A folder with what was there before, on disk.
void prepare(files::testing::SimulatedFileSystem& file_system, const fs::path& folder,
             Before before) {
  ASSERT_TRUE(file_system.create_folders(folder));
  if (before == Before::kNothing) return;
  const auto file = file_system.open(folder / "a.json", files::OpenMode::kCreateNew);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes(kOldText)));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(file_system.sync_folder(folder));
}

/// Each image has its own sidecar, and both are whole. Returns how many there are.
std::uint64_t check_items(const files::testing::SimulatedFileSystem& file_system,
                          const fs::path& folder, const std::vector<std::string>& names) {
  std::uint64_t num_items = 0;
  for (const std::string& name : names) {
    if (is_incoming_name(name) || !is_image_name(name)) continue;
    ++num_items;
    EXPECT_EQ(file_system.content(folder / name), kWhole.at(name));
    EXPECT_EQ(file_system.content(folder / sidecar_name(name)), kWhole.at(sidecar_name(name)));
  }
  return num_items;
}

/// What is left once the next writer has been there: items, and at most the sidecar of before.
void check_order(const files::testing::SimulatedFileSystem& file_system, const fs::path& folder,
                 const std::vector<std::string>& names) {
  std::uint64_t num_old = 0;
  for (const std::string& name : names) {
    ASSERT_TRUE(kWhole.contains(name)) << name;
    num_old += file_system.content(folder / name) == kOldText ? 1 : 0;
  }
  EXPECT_EQ(names.size(), 2 * check_items(file_system, folder, names) + num_old);
}

/// Publish two items with the power cut, or the program killed, at each operation: what is visible
/// afterwards is whole.
void end_at_each_operation(Before before, End end) {
  const fs::path folder = "/cache/images";
  bool is_complete = false;
  std::uint64_t num_visible = 0;
  for (std::uint64_t cut = 1; !is_complete; ++cut) {
    for (std::uint64_t seed = 0; seed < (end == End::kKill ? 1U : 32U); ++seed) {
      files::testing::SimulatedFileSystem file_system;
      prepare(file_system, folder, before);
      // The last append that a kill meets may have written a part.
      const std::uint64_t operation = file_system.num_operations() + cut;
      file_system.inject(
          {.operation = operation, .error = unavailable("ended"), .num_bytes_kept = 3});
      file_system.cut_power_at(operation + (end == End::kKill ? 1 : 0));
      is_complete = publish(file_system, folder, kBatch).has_value();
      SeededRandom random(seed);
      end == End::kKill ? file_system.kill() : file_system.crash(random);
      const auto names = file_system.list(folder);
      ASSERT_TRUE(names);
      // Readers that come before the next writer.
      num_visible += check_items(file_system, folder, *names);
      ASSERT_TRUE(finish_publishing(file_system, folder, *names));
      const auto left = file_system.list(folder);
      ASSERT_TRUE(left);
      check_order(file_system, folder, *left);
      if (is_complete) {
        EXPECT_EQ(left->size(), kWhole.size());
      }
    }
  }
  EXPECT_GT(num_visible, 0U);
}

TEST(Publish, NoCutLeavesHalfAnItem) {
  end_at_each_operation(Before::kNothing, End::kPowerCut);
  end_at_each_operation(Before::kNothing, End::kKill);
}

TEST(Publish, NoCutLeavesHalfAnItemWhereAnOldSidecarLies) {
  end_at_each_operation(Before::kOldSidecar, End::kPowerCut);
  end_at_each_operation(Before::kOldSidecar, End::kKill);
}

/// Any operation fails once, as on a full disk: what has no name yet is taken back at once.
TEST(Publish, AFailureLeavesWholeItemsAlone) {
  for (const Before before : {Before::kNothing, Before::kOldSidecar}) {
    const fs::path folder = "/cache/images";
    bool is_complete = false;
    std::uint64_t num_failures = 0;
    std::uint64_t num_kept = 0;
    for (std::uint64_t operation = 1; !is_complete; ++operation) {
      files::testing::SimulatedFileSystem file_system;
      prepare(file_system, folder, before);
      file_system.inject({.operation = file_system.num_operations() + operation,
                          .error = no_space("the disk is full"),
                          .num_bytes_kept = 3});
      const Status published = publish(file_system, folder, kBatch);
      is_complete = published.has_value();
      file_system.inject({});
      if (!is_complete) {
        ++num_failures;
        EXPECT_EQ(published.error().code, ErrorCode::kNoSpace);
      }
      const auto names = file_system.list(folder);
      ASSERT_TRUE(names);
      num_kept += check_items(file_system, folder, *names);
      check_order(file_system, folder, *names);
    }
    EXPECT_GT(num_failures, 10U);
    EXPECT_GT(num_kept, 2U);
  }
}

}  // namespace
}  // namespace assay::cache

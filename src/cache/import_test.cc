#include "cache/import.h"

#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using testing::CacheFixture;
using testing::content_of;
using testing::jpeg_again;
using testing::jpeg_picture;

const ImportOptions kPhone = {.cache = CacheKind::kReal, .source = "phone", .min_free_bytes = {}};

ImportReport import_folder(CacheFixture& fixture, Store& store, const ImportPlanOptions& plan,
                           const ImportOptions& options = kPhone) {
  const auto planned = plan_import(fixture.file_system, fixture.folder.path() / "photos", plan);
  EXPECT_TRUE(planned) << planned.error().message;
  const auto report = import_files(store, planned->files, options);
  EXPECT_TRUE(report) << report.error().message;
  return *report;
}

TEST(Import, KeepsTheBytesAndWritesWhatOthersRead) {
  CacheFixture fixture;
  fixture.put("photos/my photo.jpg", jpeg_picture(1));
  const auto store = fixture.open();
  const ImportReport report = import_folder(fixture, *store, {.label = Label::kRoadwork});
  EXPECT_EQ(report.count(ImportOutcome::kAdded), 1U);
  std::vector<Item> items;
  ASSERT_TRUE(store->index().for_each([&](const Item& item) { items.push_back(item); }));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_TRUE(items[0].name.starts_with("my_photo__")) << items[0].name;
  EXPECT_EQ(content_of(store->path_of(items[0])), jpeg_picture(1));
  const Sidecar sidecar = read_sidecar(content_of(store->sidecar_of(items[0])));
  EXPECT_EQ(sidecar.state, ItemState::kReady) << "without text of the user there is a default";
  EXPECT_EQ(sidecar.label, Label::kRoadwork);
  EXPECT_EQ(sidecar.source, "phone");
  ASSERT_TRUE(sidecar.facts);
  EXPECT_EQ(sidecar.facts->content, items[0].facts->content);
  // Nothing that another scan would change.
  const auto again = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_new + again->num_changed + again->num_gone, 0U);
}

TEST(Import, RefusesWhatIsThereAndWhatLooksLikeIt) {
  CacheFixture fixture;
  fixture.put("photos/a.jpg", jpeg_picture(1));
  fixture.put("photos/b.jpg", jpeg_picture(1));
  fixture.put("photos/c.jpg", jpeg_again(1));
  fixture.put("photos/d.jpg", jpeg_picture(2));
  const auto store = fixture.open();
  ImportReport report = import_folder(fixture, *store, {.label = Label::kNone});
  EXPECT_EQ(report.count(ImportOutcome::kAdded), 2U);
  EXPECT_EQ(report.count(ImportOutcome::kAlreadyThere), 1U);
  EXPECT_EQ(report.count(ImportOutcome::kNearDuplicate), 1U);
  report = import_folder(fixture, *store, {.label = Label::kNone});
  EXPECT_EQ(report.count(ImportOutcome::kAdded), 0U);
  EXPECT_EQ(report.count(ImportOutcome::kAlreadyThere), 3U);
  EXPECT_EQ(report.count(ImportOutcome::kNearDuplicate), 1U);
  // Another source may have the same view.
  ImportOptions other = kPhone;
  other.source = "dashcam";
  report = import_folder(fixture, *store, {.label = Label::kNone}, other);
  EXPECT_EQ(report.count(ImportOutcome::kAdded), 1U);
}

TEST(Import, TheSameBytesInOneBatchGiveTheirLabelToTheFirst) {
  CacheFixture fixture;
  for (const char* name : {"a", "b", "c", "d"}) {
    fixture.put(fmt::format("photos/{}.jpg", name), jpeg_picture(1));
  }
  const auto store = fixture.open();
  const auto labels =
      fixture.put("labels.csv", "file,label,description\nb.jpg,1,cones\nc.jpg,0,\nd.jpg,1,x\n");
  const ImportReport report = import_folder(fixture, *store, {.labels_file = labels});
  EXPECT_EQ(report.count(ImportOutcome::kAdded), 1U);
  EXPECT_EQ(report.count(ImportOutcome::kAlreadyThere), 3U);
  EXPECT_EQ(report.num_labelled, 1U);
  EXPECT_EQ(report.num_otherwise_labelled, 1U);
  EXPECT_EQ(report.num_unlabelled, 0U);
  std::vector<Item> items;
  ASSERT_TRUE(store->index().for_each([&](const Item& item) { items.push_back(item); }));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].state, ItemState::kReady);
  EXPECT_EQ(items[0].label, Label::kRoadwork);
  EXPECT_NE(content_of(store->sidecar_of(items[0])).find("\"cones\""), std::string::npos);
}

// A write in place leaves the folder's time as it was, so that the index does not know of it.
TEST(Import, ALabelWrittenInPlaceMeanwhileStays) {
  CacheFixture fixture;
  fixture.put("photos/a.jpg", jpeg_picture(1));
  fixture.drop("Roadwork/image/a.jpg", jpeg_picture(1));
  fixture.drop("Roadwork/image/a.json", "{}");
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const std::string mine = R"({"label": 0, "scene_description": "", "by": "me"})";
  const auto sidecar = fixture.drop("Roadwork/image/a.json", mine);
  const ImportReport report = import_folder(fixture, *store, {.label = Label::kRoadwork});
  EXPECT_EQ(report.num_labelled, 0U);
  EXPECT_EQ(report.num_otherwise_labelled, 1U);
  EXPECT_EQ(content_of(sidecar), mine);
}

TEST(Import, QuarantinesWhatDoesNotDecodeAndSaysWhy) {
  CacheFixture fixture;
  const std::string whole = jpeg_picture(1);
  fixture.put("photos/cut.jpg", whole.substr(0, whole.size() / 2));
  fixture.put("photos/text.png", "no image at all");
  fixture.put("photos/notes.txt", "passed over");
  const auto store = fixture.open();
  const ImportReport report = import_folder(fixture, *store, {.label = Label::kNone});
  EXPECT_EQ(report.count(ImportOutcome::kTruncated), 1U);
  EXPECT_EQ(report.count(ImportOutcome::kUnknownFormat), 1U);
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_NE(report.problems[0].path.find("cut.jpg"), std::string::npos);
  std::size_t num_reasons = 0;
  for (const auto& entry : fs::directory_iterator(fixture.layout.quarantine())) {
    if (!entry.path().native().ends_with(".reason.txt")) continue;
    ++num_reasons;
    EXPECT_NE(content_of(entry.path()).find("photos/"), std::string::npos);
  }
  EXPECT_EQ(num_reasons, 2U);
}

TEST(Import, RefusesABombBeforeItGoesOff) {
  CacheFixture fixture;
  fixture.put("photos/large.jpg", jpeg_picture(1, 200, 100));
  auto store = Store::open(fixture.tools(), fixture.layout, {.limits = {.max_pixels = 10'000}});
  ASSERT_TRUE(store);
  const ImportReport report = import_folder(fixture, **store, {.label = Label::kNone});
  EXPECT_EQ(report.count(ImportOutcome::kOverLimit), 1U);
}

TEST(Import, StopsWhileTheReserveIsWhole) {
  CacheFixture fixture;
  fixture.put("photos/a.jpg", jpeg_picture(1));
  const auto store = fixture.open();
  const auto plan = plan_import(fixture.file_system, fixture.folder.path() / "photos", {});
  ASSERT_TRUE(plan);
  const auto report = import_files(*store, plan->files, {.min_free_bytes = ByteCount(1ULL << 60)});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNoSpace);
  EXPECT_NE(report.error().message.find("assay cache gc"), std::string::npos);
}

TEST(ImportPlan, LabelsByFolder) {
  CacheFixture fixture;
  fixture.put("photos/roadwork/berlin/a.jpg", jpeg_picture(1));
  fixture.put("photos/none/b.jpg", jpeg_picture(2));
  fixture.put("photos/c.jpg", jpeg_picture(3));
  const auto plan = plan_import(fixture.file_system, fixture.folder.path() / "photos", {});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->files.size(), 3U);
  EXPECT_EQ(plan->num_unlabelled, 1U);
  EXPECT_EQ(plan->files[0].label, std::nullopt);
  EXPECT_EQ(plan->files[1].label, Label::kNone);
  EXPECT_EQ(plan->files[2].label, Label::kRoadwork);
}

TEST(ImportPlan, LeavesOutWhatLiesInTheCacheAlready) {
  CacheFixture fixture;
  fixture.drop("a.jpg", jpeg_picture(1));
  fixture.drop("Roadwork/b.jpg", jpeg_picture(2));
  fixture.drop("Roadwork/image/c.jpg", jpeg_picture(3));
  fixture.drop("Synthetic/i2i/d.jpg", jpeg_picture(4));
  fixture.drop("quarantine/e.jpg", jpeg_picture(5));
  const fs::path root = fixture.layout.root();
  const auto plan = plan_import(fixture.file_system, root, {.cache_root = root});
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->files.size(), 2U);
  EXPECT_EQ(plan->files[0].path, root / "Roadwork/b.jpg");
  EXPECT_EQ(plan->files[1].path, root / "a.jpg");
  EXPECT_EQ(plan->num_of_cache, 3U);
  // Who names one of its folders, or an image in them, means it.
  const auto labels = fixture.put("labels.csv", "file,label\nRoadwork/image/c.jpg,1\n");
  const auto named =
      plan_import(fixture.file_system, root, {.labels_file = labels, .cache_root = root});
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(named->files.size(), 3U);
  const auto refused = plan_import(fixture.file_system, root / "quarantine", {.cache_root = root});
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->files.size(), 1U);
}

TEST(ImportPlan, LabelsByTableAndTellsTheRowThatIsWrong) {
  CacheFixture fixture;
  fixture.put("photos/a.jpg", jpeg_picture(1));
  fixture.put("photos/deep/b.jpg", jpeg_picture(2));
  const fs::path photos = fixture.folder.path() / "photos";
  const auto plan_with = [&](std::string_view table) {
    return plan_import(fixture.file_system, photos,
                       {.labels_file = fixture.put("labels.csv", table)});
  };
  const auto plan =
      plan_with("file,label,description\n./a.jpg,1,\"cones, left\"\ndeep/b.jpg,none,\n");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->files[0].description, "cones, left");
  EXPECT_EQ(plan->files[1].label, Label::kNone);
  for (const auto& [table, words] :
       std::map<std::string, std::string>{{"file,label\na.jpg,maybe\n", "row 1"},
                                          {"name,label\na.jpg,1\n", "columns file and label"},
                                          {"file,label\na.jpg,1\nx.jpg,1\n", "row 2"},
                                          {"file,label\na.jpg,1\na.jpg,0\n", "row 2"},
                                          {"file,label,description\na.jpg,0,cones\n", "row 1"}}) {
    const auto refused = plan_with(table);
    ASSERT_FALSE(refused) << table;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput) << table;
    EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace assay::cache

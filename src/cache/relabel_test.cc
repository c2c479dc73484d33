#include "cache/relabel.h"

#include "cache/intake.h"
#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {
namespace {

using testing::CacheFixture;
using testing::content_of;

TEST(Relabel, KeepsEveryOtherMember) {
  const auto relabelled_text = relabelled(
      R"({"label": 0, "prompt": "a \"road\"", "list": [1, 2.5, null, true], "deep": {"a": {}}})",
      Label::kRoadwork, "");
  ASSERT_TRUE(relabelled_text) << relabelled_text.error().message;
  const std::string& text = *relabelled_text;
  EXPECT_EQ(read_sidecar(text).state, ItemState::kReady);
  const auto value = json::parse(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->require_text("prompt").value_or(""), "a \"road\"");
  EXPECT_EQ(value->require_text("scene_description").value_or(""), kDefaultDescription);
  EXPECT_NE(text.find("[1, 2.5, null, true]"), std::string::npos) << text;
  EXPECT_EQ(read_sidecar(*relabelled("", Label::kNone, "")).state, ItemState::kReady);
}

TEST(Relabel, KeepsWhatPythonWrites) {
  const std::string before =
      R"({"label": NaN, "heading": NaN, "id": 18446744073709551615, "f": 1e400, "g": -Infinity})";
  EXPECT_EQ(read_sidecar(before).state, ItemState::kNoLabel);
  const auto text = relabelled(before, Label::kNone, "");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text,
            "{\n  \"label\": 0,\n  \"scene_description\": \"\",\n  \"heading\": NaN,\n"
            "  \"id\": 18446744073709551615,\n  \"f\": 1e400,\n  \"g\": -Infinity\n}\n");
  EXPECT_EQ(read_sidecar(*text).state, ItemState::kReady);
}

TEST(Relabel, ADescriptionOfNothingIsTheDefault) {
  for (const std::string_view nothing : {"", " ", "nan"}) {
    const auto text = relabelled("", Label::kRoadwork, nothing);
    ASSERT_TRUE(text);
    EXPECT_EQ(read_sidecar(*text).state, ItemState::kReady) << nothing;
  }
}

TEST(Relabel, ASidecarThatCannotBeReadStays) {
  CacheFixture fixture;
  fixture.drop("Roadwork/image/a.jpg", testing::jpeg_picture(1));
  const auto bad = fixture.drop("Roadwork/image/a.json", R"({"label": 0, "notes": "long work)");
  fixture.drop("Roadwork/image/b.jpg", testing::jpeg_picture(2));
  const auto large =
      fixture.drop("Roadwork/image/b.json", "{}" + std::string(kMaxSidecarSize.count(), ' '));
  fixture.drop("Roadwork/image/c.jpg", testing::jpeg_picture(3));
  const auto empty = fixture.drop("Roadwork/image/c.json", "");
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const std::vector<std::string> given = {"a.jpg", "b.jpg", "c.jpg"};
  const auto report = relabel(*store, given, {.label = Label::kNone});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_labelled, 1U);
  EXPECT_EQ(report->bad_sidecar, (std::vector<std::string>{"a.jpg", "b.jpg"}));
  EXPECT_EQ(content_of(bad), R"({"label": 0, "notes": "long work)");
  EXPECT_EQ(std::filesystem::file_size(large), kMaxSidecarSize.count() + 2);
  EXPECT_EQ(read_sidecar(content_of(empty)).label, Label::kNone);
}

// A write in place leaves the folder's time as it was, so that the index does not know of it.
TEST(Relabel, ALabelWrittenInPlaceMeanwhileStays) {
  CacheFixture fixture;
  for (int i = 1; i <= 3; ++i) {
    const std::string stem = "Roadwork/image/" + std::to_string(i);
    fixture.drop(stem + ".jpg", testing::jpeg_picture(static_cast<std::uint64_t>(i)));
    fixture.drop(stem + ".json", R"({"camera": "x"})");
  }
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const std::string mine = R"({"label": 0, "scene_description": "", "by": "me"})";
  const auto labelled = fixture.drop("Roadwork/image/1.json", mine);
  const auto broken = fixture.drop("Roadwork/image/2.json", "{");
  const auto report = relabel_unlabelled(*store, {.label = Label::kRoadwork});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_labelled, 1U);
  EXPECT_EQ(content_of(labelled), mine);
  EXPECT_EQ(report->bad_sidecar,
            std::vector<std::string>{
                (fixture.layout.folder(ItemFolder::kRoadworkImage) / "2.jpg").native()});
  EXPECT_EQ(content_of(broken), "{");
  const auto item = store->index().find(ItemFolder::kRoadworkImage, "1.jpg");
  ASSERT_TRUE(item && *item);
  EXPECT_EQ((*item)->state, ItemState::kReady);
  EXPECT_EQ((*item)->label, Label::kNone);
  const auto again = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_changed, 0U);
}

TEST(Relabel, OneCacheAloneIsMeant) {
  CacheFixture fixture;
  fixture.drop("Roadwork/image/a.jpg", testing::jpeg_picture(1));
  fixture.drop("Synthetic/t2i/a.jpg", testing::jpeg_picture(2));
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const RelabelOptions options{.label = Label::kNone, .cache = CacheKind::kTextToImage};
  const std::vector<std::string> given = {"a.jpg", "Roadwork/image/a.jpg"};
  const auto report = relabel(*store, given, options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_labelled, 1U);
  EXPECT_EQ(report->unknown, std::vector<std::string>{"Roadwork/image/a.jpg"});
  const auto photo = store->index().find(ItemFolder::kRoadworkImage, "a.jpg");
  ASSERT_TRUE(photo && *photo);
  EXPECT_EQ((*photo)->state, ItemState::kNoSidecar);
}

TEST(Relabel, WritesTheSidecarAndTheIndexFollows) {
  CacheFixture fixture;
  fixture.drop("Roadwork/image/a.jpg", testing::jpeg_picture(1));
  fixture.drop("Roadwork/images/a.jpg", testing::jpeg_picture(2));
  fixture.drop("Roadwork/image/b.jpg", "broken");
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
  const std::vector<std::string> given = {
      "Roadwork/image/a.jpg", "b.jpg", "c.jpg",
      (fixture.layout.folder(ItemFolder::kRoadworkImages) / "a.jpg").native()};
  const auto report = relabel(*store, given, {.label = Label::kRoadwork, .description = "cones"});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_labelled, 2U);
  EXPECT_EQ(report->broken, std::vector<std::string>{"b.jpg"});
  EXPECT_EQ(report->unknown, std::vector<std::string>{"c.jpg"});
  const auto item = store->index().find(ItemFolder::kRoadworkImage, "a.jpg");
  ASSERT_TRUE(item && *item);
  EXPECT_EQ((*item)->state, ItemState::kReady);
  EXPECT_NE(content_of(store->sidecar_of(**item)).find("\"cones\""), std::string::npos);
  const auto again = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_changed, 0U);
}

TEST(Relabel, AnImportedImageIsFoundByTheNameItCameUnder) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const auto take = [&](const char* name, std::uint64_t seed, CacheKind kind) {
    const ImportOptions options{.cache = kind};
    Intake intake(*store, options);
    Arrival arrival{.bytes = testing::jpeg_picture(seed), .draft = {.original_name = name}};
    ASSERT_TRUE(look_at(arrival, {}));
    ASSERT_TRUE(intake.take_in(std::span(&arrival, 1), {}));
    EXPECT_EQ(arrival.outcome, ImportOutcome::kAdded);
  };
  take("road 1.jpg", 1, CacheKind::kReal);
  take("road 1__b.jpg", 2, CacheKind::kReal);  // its name begins alike
  take("road?1.jpg", 3, CacheKind::kReal);     // its name in the cache too
  take("two.jpg", 4, CacheKind::kReal);
  take("two.jpg", 5, CacheKind::kTextToImage);
  const std::vector<std::string> given = {"road 1.jpg", "two.jpg", "road 1.png"};
  const auto report = relabel(*store, given, {.label = Label::kNone});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_labelled, 1U);
  EXPECT_EQ(report->unknown, std::vector<std::string>{"road 1.png"});
  ASSERT_EQ(report->ambiguous.size(), 1U);
  EXPECT_EQ(report->ambiguous[0].given, "two.jpg");
  ASSERT_EQ(report->ambiguous[0].paths.size(), 2U);
  EXPECT_TRUE(report->ambiguous[0].paths[0].starts_with("Roadwork/image/two__"));
  EXPECT_TRUE(report->ambiguous[0].paths[1].starts_with("Synthetic/t2i/two__"));
  // A path is one of them, and tells which.
  const std::vector<std::string> more = {"Synthetic/t2i/two.jpg", report->ambiguous[0].paths[0]};
  const auto next = relabel(*store, more, {.label = Label::kNone});
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->num_labelled, 2U);
}

}  // namespace
}  // namespace assay::cache

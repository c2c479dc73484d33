#include "cache/relabel.h"

#include "cache/intake.h"
#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::cache {
namespace {

using testing::CacheFixture;
using testing::content_of;

TEST(Relabel, KeepsEveryOtherMember) {
  const std::string text = relabelled(
      R"({"label": 0, "prompt": "a \"road\"", "list": [1, 2.5, null, true], "deep": {"a": {}}})",
      Label::kRoadwork, "");
  EXPECT_EQ(read_sidecar(text).state, ItemState::kReady);
  const auto value = json::parse(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->require_text("prompt").value_or(""), "a \"road\"");
  EXPECT_EQ(value->require_text("scene_description").value_or(""), kDefaultDescription);
  EXPECT_NE(text.find("2.5,\n    null,\n    true"), std::string::npos) << text;
  EXPECT_EQ(read_sidecar(relabelled("no json", Label::kNone, "")).state, ItemState::kReady);
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

#include "updater/update_sources.h"

#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::Label;
using cache::testing::CacheFixture;
using cache::testing::jpeg_picture;

class UpdateSourcesTest : public ::testing::Test {
 protected:
  /// A folder of pictures that no other one has.
  SourceSetup folder(const std::string& name, int count, Label label = Label::kNone) {
    for (int i = 0; i < count; ++i) {
      fixture.put(name + "/" + std::to_string(i) + ".jpg", jpeg_picture(++last_seed_));
    }
    fs::create_directories(fixture.folder.path() / name);
    return {.options = {.folder = (fixture.folder.path() / name).native(),
                        .source = name,
                        .label = label,
                        .intake = {.source = name,
                                   .near_duplicates = cache::NearDuplicates::kTaken,
                                   .min_free_bytes = {}}}};
  }
  SourcesOutcome run(const std::vector<SourceSetup>& sources, const SourcesGoal& goal) {
    if (!store) store = fixture.open();
    auto outcome = update_sources(*store, nullptr, sources, goal, UpdateTime::kWhenDue, {}, {});
    EXPECT_TRUE(outcome);
    return outcome ? std::move(*outcome) : SourcesOutcome();
  }
  std::map<std::string, int> held() {
    std::map<std::string, int> counts;
    EXPECT_TRUE(store->index().for_each([&](const cache::Item& item) { ++counts[item.source]; }));
    return counts;
  }

  CacheFixture fixture;
  std::unique_ptr<cache::Store> store;

 private:
  std::uint64_t last_seed_ = 0;
};

TEST_F(UpdateSourcesTest, FillsAStockByWeight) {
  std::vector<SourceSetup> sources = {folder("a", 20), folder("b", 20)};
  sources[0].weight = 3;
  const auto outcome = run(sources, {.number = 8, .wanted = {Label::kNone}});
  EXPECT_EQ(outcome.num_wanted, 8U);
  EXPECT_EQ(outcome.num_missing, 0U);
  EXPECT_EQ(held(), (std::map<std::string, int>{{"a", 6}, {"b", 2}}));
  // Full: nobody is asked.
  EXPECT_TRUE(run(sources, {.number = 10, .wanted = {Label::kNone}}).outcomes.empty());
}

TEST_F(UpdateSourcesTest, OthersFillInForOneThatFailsOrHasNoMore) {
  std::vector<SourceSetup> sources = {folder("gone", 0), folder("small", 2), folder("large", 20)};
  sources[0].options.folder += "/nowhere";
  const auto outcome = run(sources, {.number = 12, .wanted = {Label::kNone}});
  EXPECT_EQ(outcome.num_missing, 0U);
  EXPECT_EQ(held(), (std::map<std::string, int>{{"large", 10}, {"small", 2}}));
  EXPECT_FALSE(outcome.outcomes.at(0).status);
  EXPECT_LT(outcome.next_due, fixture.clock.now() + std::chrono::hours(1)) << "it is tried again";
}

TEST_F(UpdateSourcesTest, SourcesOfOneLabelEachFillAStockOfBoth) {
  const std::vector<SourceSetup> sources = {folder("works", 12, Label::kRoadwork),
                                            folder("clear", 12, Label::kNone)};
  EXPECT_EQ(run(sources, {.number = 10}).num_missing, 0U);
  EXPECT_EQ(held(), (std::map<std::string, int>{{"clear", 10}, {"works", 10}}));
  EXPECT_EQ(run(sources, {.number = 13}).num_missing, 2U) << "each has twelve";
  EXPECT_EQ(held(), (std::map<std::string, int>{{"clear", 12}, {"works", 12}}));
}

TEST_F(UpdateSourcesTest, AStockBeyondTheBudgetIsNotReplaced) {
  const std::vector<SourceSetup> sources = {folder("a", 12), folder("b", 12)};
  store = fixture.open();
  ASSERT_EQ(run(sources, {.number = 4, .wanted = {Label::kNone}}).num_missing, 0U);
  const ByteCount bytes = store->index().totals(cache::ItemFolder::kRoadworkImage)->bytes;
  store.reset();
  store =
      *cache::Store::open(fixture.tools(), fixture.layout,
                          {.budget = {.max_cache_bytes = bytes + ByteCount(bytes.count() / 2)}});
  ASSERT_TRUE(rescan(*store, cache::ScanDepth::kFolders));
  const SourcesGoal goal{.number = 20, .wanted = {Label::kNone}};
  const auto first = run(sources, goal);
  const auto before = held();
  EXPECT_GE(before.at("a") + before.at("b"), 5);
  const auto again = run(sources, goal);
  EXPECT_EQ(held(), before);
  for (const auto* const outcome : {&first, &again}) {
    EXPECT_EQ(outcome->num_missing + before.at("a") + before.at("b"), 20U);
    for (const UpdateOutcome& done : outcome->outcomes) {
      EXPECT_TRUE(done.status) << done.status.error().message;
      EXPECT_FALSE(done.report.no_room.empty());
    }
  }
  for (const UpdateOutcome& done : again.outcomes) EXPECT_TRUE(done.report.tables.empty());
}

TEST_F(UpdateSourcesTest, ACapHoldsAndWhatIsMissingIsTold) {
  std::vector<SourceSetup> sources = {folder("a", 20), folder("b", 3)};
  sources[0].cap = 4;
  const auto outcome = run(sources, {.number = 20, .wanted = {Label::kNone}});
  EXPECT_EQ(held(), (std::map<std::string, int>{{"a", 4}, {"b", 3}}));
  EXPECT_EQ(outcome.num_missing, 13U);
}

TEST_F(UpdateSourcesTest, ANumberIsSharedWhateverIsThere) {
  const std::vector<SourceSetup> sources = {folder("a", 20), folder("b", 4)};
  EXPECT_EQ(run(sources, {.goal = UpdateGoal::kCount, .number = 6}).num_missing, 0U);
  EXPECT_EQ(held(), (std::map<std::string, int>{{"a", 3}, {"b", 3}}));
  EXPECT_EQ(run(sources, {.goal = UpdateGoal::kCount, .number = 6}).num_missing, 0U);
  EXPECT_EQ(held(), (std::map<std::string, int>{{"a", 8}, {"b", 4}}));
}

TEST_F(UpdateSourcesTest, EachCacheHasItsOwnStock) {
  std::vector<SourceSetup> sources = {folder("photos", 9), folder("drawn", 9, Label::kRoadwork)};
  sources[1].options.intake.cache = cache::CacheKind::kTextToImage;
  const auto outcome = run(sources, {.number = 5});
  EXPECT_EQ(outcome.num_wanted, 20U);
  EXPECT_EQ(outcome.num_missing, 10U);
  EXPECT_EQ(store->index().totals(cache::ItemFolder::kSyntheticT2i)->num_items, 5U);
  EXPECT_EQ(store->index().totals(cache::ItemFolder::kRoadworkImage)->num_items, 5U);
}

}  // namespace
}  // namespace assay::updater

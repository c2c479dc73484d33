#include "cache/collect.h"
#include "cache/evict_internal.h"
#include "cache/intake.h"
#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace assay::cache {
namespace {

using testing::CacheFixture;

// No picture of the tests with its sidecar is as large.
constexpr std::uint64_t kLargest = 8'000;

std::unique_ptr<Store> open_with(CacheFixture& fixture, const Budget& budget) {
  auto store = Store::open(fixture.tools(), fixture.layout, {.budget = budget});
  EXPECT_TRUE(store);
  EXPECT_TRUE(rescan(**store, ScanDepth::kFolders));
  return std::move(*store);
}

ImportOptions options() {
  return {.source = "test", .near_duplicates = NearDuplicates::kTaken, .min_free_bytes = {}};
}

/// Take in the pictures of these seeds, one by one.
Status take_in(CacheFixture& fixture, Store& store, std::uint64_t first, std::uint64_t count,
               const ImportOptions& how = options()) {
  Intake intake(store, how);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Arrival arrival{.bytes = testing::jpeg_picture(seed),
                    .draft = {.label = Label::kNone,
                              .source = "test",
                              .original_name = std::to_string(seed) + ".jpg"}};
    RETURN_IF_ERROR(look_at(arrival, {}));
    RETURN_IF_ERROR(intake.take_in(std::span(&arrival, 1), {}));
    EXPECT_EQ(arrival.outcome, ImportOutcome::kAdded) << arrival.reason;
    fixture.clock.advance(std::chrono::seconds(1));
  }
  return {};
}

ByteCount held(Store& store, ItemFolder folder = ItemFolder::kRoadworkImage) {
  return store.index().totals(folder)->bytes;
}

std::set<std::string> stems(Store& store) {
  std::set<std::string> names;
  EXPECT_TRUE(store.index().for_each(
      [&](const Item& item) { names.insert(item.name.substr(0, item.name.find("__"))); }));
  return names;
}

TEST(Room, TheOldestMakeRoomDownToTheLowMark) {
  CacheFixture fixture;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 20));
  }
  const auto before = held(*open_with(fixture, {}));
  const auto store = open_with(fixture, {.max_cache_bytes = before, .low_share = 0.5});
  ASSERT_TRUE(take_in(fixture, *store, 200, 1));
  EXPECT_LE(held(*store), share_of(before, 0.5));
  EXPECT_GT(held(*store) + ByteCount(2 * kLargest), share_of(before, 0.5));
  const auto left = stems(*store);
  EXPECT_TRUE(left.contains("200"));
  EXPECT_TRUE(left.contains("119"));
  EXPECT_FALSE(left.contains("100"));
  EXPECT_EQ(store->made_room().num_items, 21 - left.size());
  for (const std::string& name : left) EXPECT_FALSE(name < "110" && name != "200") << name;
}

TEST(Room, EachOrderTakesItsOwn) {
  for (const EvictionOrder order : {EvictionOrder::kLeastUsed, EvictionOrder::kRandom}) {
    CacheFixture fixture;
    ByteCount before;
    {
      const auto store = open_with(fixture, {});
      ASSERT_TRUE(take_in(fixture, *store, 100, 40));
      before = held(*store);
      // The older half was served long ago.
      std::vector<std::uint64_t> ids;
      ASSERT_TRUE(store->index().for_each([&](const Item& item) { ids.push_back(item.id); }));
      std::ranges::sort(ids);
      for (std::size_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(store->served()->claim(ids[i], ServedMap::kNever, 1));
      }
    }
    const auto store =
        open_with(fixture, {.max_cache_bytes = before, .low_share = 0.6, .order = order});
    ASSERT_TRUE(take_in(fixture, *store, 200, 1));
    const auto left = stems(*store);
    const auto num_served =
        std::ranges::count_if(left, [](const std::string& name) { return name < "120"; });
    if (order == EvictionOrder::kLeastUsed) {
      EXPECT_EQ(num_served, 20) << "those served least go first";
    } else {
      EXPECT_GT(num_served, 3);
      EXPECT_LT(num_served, 20);
    }
  }
}

TEST(Room, NoOrderTakesItemsOfAnotherCacheOrOfLater) {
  // Few of its own among many: the index is asked for their ids; many: what was served is.
  for (const std::uint64_t num_others : {5U, 50U}) {
    CacheFixture fixture;
    const auto store = open_with(fixture, {});
    ImportOptions drawn = options();
    drawn.cache = CacheKind::kTextToImage;
    ASSERT_TRUE(take_in(fixture, *store, 300, num_others, drawn));
    ASSERT_TRUE(take_in(fixture, *store, 100, 12));
    const std::uint64_t first_kept = *store->index().largest_id() - 1;
    for (const EvictionOrder order :
         {EvictionOrder::kOldest, EvictionOrder::kLeastUsed, EvictionOrder::kRandom}) {
      auto queue = EvictionQueue::open(*store, CacheKind::kReal, order, {.from_id = first_kept});
      ASSERT_TRUE(queue) << queue.error().message;
      std::set<std::uint64_t> ids;
      for (const std::size_t count : {4U, 100U, 100U}) {
        const auto items = queue->next(ByteCount(1'000'000), count);
        ASSERT_TRUE(items);
        for (const Item& item : *items) {
          EXPECT_EQ(item.folder, ItemFolder::kRoadworkImage);
          EXPECT_TRUE(ids.insert(item.id).second);
        }
      }
      EXPECT_EQ(ids.size(), 10U);
      EXPECT_LT(*ids.rbegin(), first_kept);
    }
  }
}

TEST(Room, WhatIsInFlightAndWhatCameJustNowStay) {
  CacheFixture fixture;
  ByteCount before;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 6));
    before = held(*store);
    const auto now = static_cast<std::uint64_t>(fixture.clock.now().time_since_epoch().count());
    ASSERT_TRUE(store->index().for_each([&](const Item& item) {
      if (item.name.starts_with("100")) {
        EXPECT_TRUE(store->served()->claim(item.id, ServedMap::kNever, now));
      }
    }));
  }
  const auto store = open_with(fixture, {.max_cache_bytes = before, .low_share = 1});
  const Status taken = take_in(fixture, *store, 200, 8);
  ASSERT_FALSE(taken) << "it does not go round in circles";
  EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
  EXPECT_NE(taken.error().message.find("--max-size"), std::string::npos);
  const auto left = stems(*store);
  EXPECT_TRUE(left.contains("100"));
  EXPECT_TRUE(left.contains("200"));
  EXPECT_FALSE(left.contains("101"));
  EXPECT_LE(held(*store), before);
}

TEST(Room, AStockIsFilledAsFarAsItFitsAndNotReplaced) {
  for (const EvictionOrder order :
       {EvictionOrder::kOldest, EvictionOrder::kLeastUsed, EvictionOrder::kRandom}) {
    CacheFixture fixture;
    ByteCount before;
    {
      const auto store = open_with(fixture, {});
      ASSERT_TRUE(take_in(fixture, *store, 100, 6));
      before = held(*store);
    }
    ImportOptions filling = options();
    filling.stock = 50;
    const auto store = open_with(
        fixture, {.max_cache_bytes = before + ByteCount(before.count() / 4), .order = order});
    const Status taken = take_in(fixture, *store, 200, 4, filling);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
    EXPECT_NE(taken.error().message.find("--target"), std::string::npos) << taken.error().message;
    const auto left = stems(*store);
    EXPECT_GE(left.size(), 7U);
    for (int seed = 100; seed < 106; ++seed) EXPECT_TRUE(left.contains(std::to_string(seed)));
    EXPECT_EQ(store->made_room().num_items, 0U);
    const auto turn = store->begin_turn();
    ASSERT_TRUE(turn);
    const RoomRules rules{.stock = 50};
    EXPECT_FALSE(store->check_room(*turn, CacheKind::kReal, rules));
    EXPECT_TRUE(store->check_room(*turn, CacheKind::kReal, {.stock = 2})) << "some could go";
    EXPECT_TRUE(store->check_room(*turn, CacheKind::kTextToImage, rules));
    EXPECT_EQ(stems(*store), left) << "looking takes none";
  }
}

TEST(Room, WhatIsBeyondAStockMakesRoomForIt) {
  for (const EvictionOrder order :
       {EvictionOrder::kOldest, EvictionOrder::kLeastUsed, EvictionOrder::kRandom}) {
    CacheFixture fixture;
    ByteCount before;
    {
      const auto store = open_with(fixture, {});
      ASSERT_TRUE(take_in(fixture, *store, 100, 10));
      before = held(*store);
    }
    ImportOptions filling = options();
    filling.stock = 6;
    const auto store =
        open_with(fixture, {.max_cache_bytes = before, .low_share = 0.3, .order = order});
    ASSERT_TRUE(take_in(fixture, *store, 200, 1, filling));
    EXPECT_EQ(store->made_room().num_items, 4U) << "though the low mark wants more";
    EXPECT_EQ(stems(*store).size(), 7U);
  }
}

TEST(Room, OfABatchAsManyComeAsFit) {
  CacheFixture fixture;
  ByteCount before;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 4));
    before = held(*store);
  }
  ImportOptions filling = options();
  filling.stock = 50;
  const auto store = open_with(fixture, {.max_cache_bytes = before + ByteCount(2 * kLargest)});
  Intake intake(*store, filling);
  std::vector<Arrival> batch;
  for (std::uint64_t seed = 200; seed < 212; ++seed) {
    batch.push_back({.bytes = testing::jpeg_picture(seed),
                     .draft = {.label = Label::kNone,
                               .source = "test",
                               .original_name = std::to_string(seed) + ".jpg"}});
    ASSERT_TRUE(look_at(batch.back(), {}));
  }
  const Status taken = intake.take_in(batch, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
  const auto num_added = intake.report().count(ImportOutcome::kAdded);
  EXPECT_GE(num_added, 2U);
  EXPECT_LT(num_added, 12U);
  EXPECT_EQ(stems(*store).size(), 4 + num_added);
  EXPECT_EQ(std::ranges::count_if(batch, &Arrival::has_no_room),
            static_cast<std::ptrdiff_t>(12 - num_added));
}

TEST(Room, TheBudgetOfAllCountsTheOtherCachesAndTables) {
  CacheFixture fixture;
  ByteCount others;
  {
    const auto store = open_with(fixture, {});
    ImportOptions drawn = options();
    drawn.cache = CacheKind::kTextToImage;
    ASSERT_TRUE(take_in(fixture, *store, 100, 10, drawn));
    ASSERT_TRUE(take_in(fixture, *store, 200, 10));
    others = ByteCount(1'000'000);
    fixture.drop(".assay/tables/kept.parquet", std::string(others.count(), 't'));
  }
  ByteCount state;
  for (const auto& entry : std::filesystem::directory_iterator(fixture.layout.state())) {
    if (entry.is_regular_file()) state += ByteCount(entry.file_size());
  }
  auto store = open_with(fixture, {});
  const ByteCount all = held(*store) + held(*store, ItemFolder::kSyntheticT2i) + others + state;
  store = open_with(fixture, {.max_total_bytes = all, .low_share = 0.98});
  const auto updater = fixture.file_system.lock(fixture.layout.work_lock(Work::kUpdate));
  ASSERT_TRUE(take_in(fixture, *store, 300, 1));
  const auto left = stems(*store);
  EXPECT_FALSE(left.contains("100")) << "each cache gives";
  EXPECT_FALSE(left.contains("200"));
  EXPECT_TRUE(left.contains("109"));
}

TEST(Room, SourcesThatFillTheBudgetAloneTakeNoImage) {
  CacheFixture fixture;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 8));
  }
  const std::filesystem::path sources =
      fixture.drop("Roadwork/image/sources/old.parquet", std::string(300'000, 's')).parent_path();
  const Budget budget{.max_cache_bytes = ByteCount(250'000)};
  const auto store = open_with(fixture, budget);
  const Status taken = take_in(fixture, *store, 200, 1);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
  for (const std::string& part : {sources.native(), std::string("--max-size")}) {
    EXPECT_NE(taken.error().message.find(part), std::string::npos) << taken.error().message;
  }
  EXPECT_EQ(stems(*store).size(), 8U);
  // The other work of a collection is done.
  const auto report = collect(*store, {.budget = budget});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->unmet_budgets.size(), 1U);
  EXPECT_NE(report->unmet_budgets[0].find(sources.native()), std::string::npos);
  EXPECT_EQ(stems(*store).size(), 8U);
  // Beside those that leave some room, the images fill their part of that.
  const auto wider = open_with(fixture, {.max_cache_bytes = ByteCount(300'000) + held(*store)});
  ASSERT_TRUE(take_in(fixture, *wider, 200, 1));
  EXPECT_GE(stems(*wider).size(), 6U);
}

TEST(Room, WhatIsLargerThanTheBudgetTakesNoImage) {
  CacheFixture fixture;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 2));
  }
  const auto store = open_with(fixture, {.max_cache_bytes = ByteCount(500)});
  const Status taken = take_in(fixture, *store, 200, 1);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(stems(*store).size(), 2U);
}

TEST(Room, KeptTablesGoBeforeImagesUnlessAnUpdateRuns) {
  CacheFixture fixture;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 8));
  }
  const std::filesystem::path table =
      fixture.drop(".assay/tables/kept.parquet", std::string(2'000'000, 't'));
  const auto store = open_with(fixture, {.max_total_bytes = ByteCount(1'500'000)});
  {
    const auto updater = fixture.file_system.lock(fixture.layout.work_lock(Work::kUpdate));
    const Status taken = take_in(fixture, *store, 200, 1);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::kExhausted);
    EXPECT_NE(taken.error().message.find("kept tables"), std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::exists(table));
  EXPECT_EQ(stems(*store).size(), 8U);
  const Status taken = take_in(fixture, *store, 200, 1);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_FALSE(std::filesystem::exists(table));
  EXPECT_EQ(stems(*store).size(), 9U);
}

TEST(Room, ADiskThatOthersFilledIsNotHelpedByEmptyingTheCache) {
  CacheFixture fixture;
  {
    const auto store = open_with(fixture, {});
    ASSERT_TRUE(take_in(fixture, *store, 100, 5));
  }
  const auto store = open_with(fixture, {});
  ImportOptions reserve = options();
  reserve.min_free_bytes = ByteCount(1ULL << 60U);
  const Status taken = take_in(fixture, *store, 200, 1, reserve);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(stems(*store).size(), 5U);
}

}  // namespace
}  // namespace assay::cache

#include "storage/testing/engine_fixture.h"

#include <fmt/format.h>

namespace assay::storage {
namespace {

using testing::EngineTest;
using testing::FakeBucket;
using testing::response;

TEST_F(EngineTest, ListsADenseFolder) {
  claim_many("a/", 2500);
  store_many("a/", 2400);
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kPresent), 2400U);
  EXPECT_EQ(count(Presence::kAbsent), 100U);
  EXPECT_EQ(engine().stats().num_requests, 3U);
  EXPECT_EQ(verdicts_["a/000000"].tries, 0);
}

TEST_F(EngineTest, LeavesASparseFolderAfterOneLook) {
  // Of each page of 1,000 objects at most one is wanted.
  store_many("a/", 50'000);
  for (int i = 0; i < 40; ++i) claim(fmt::format("a/{:06}", i * 1200));
  claim("a/zzz");
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kPresent), 40U);
  EXPECT_EQ(count(Presence::kAbsent), 1U);
  EXPECT_LE(engine().stats().num_requests, 42U);
}

TEST_F(EngineTest, AsksSinglyWhereListsAreDeniedOrFailOrMakeNoSense) {
  for (const int way : {0, 1, 2, 3}) {
    engine_.reset();
    names_.clear();
    addresses_.clear();
    verdicts_.clear();
    bucket_ = FakeBucket();
    claim_many("a/", 50);
    store_many("a/", 40);
    bucket_.denies_lists = way == 0;
    bucket_.lists_out_of_order = way == 1;
    if (way == 2) bucket_.always.emplace("LIST", unavailable("reset"));
    if (way == 3) bucket_.always.emplace("LIST", response(200, "{\"items\":[{}]}"));
    ASSERT_TRUE(drive());
    EXPECT_EQ(count(Presence::kPresent), 40U) << way;
    EXPECT_EQ(count(Presence::kAbsent), 10U) << way;
  }
}

TEST_F(EngineTest, AListingThatNeverEndsIsLeft) {
  claim_many("a/", 100);
  bucket_.always.emplace("LIST", response(200, R"({"nextPageToken":"same"})"));
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kAbsent), 100U);
  EXPECT_LE(engine().stats().num_list_pages, 2U);
}

TEST_F(EngineTest, ALookAheadTellsThePlanAndIsNotWasted) {
  bucket_.page_size = 100;
  claim_many("dense/", 1000);
  store_many("dense/", 1000);
  for (int i = 0; i < 40; ++i) claim(fmt::format("sparse/{:06}", i * 200));
  store_many("sparse/", 8000);
  claim("single");
  ASSERT_TRUE(drive(ExistenceEngine::Reach::kFirstPages));
  EXPECT_EQ(bucket_.num_lists, 2);
  const ExistencePlan& plan = engine().plan();
  EXPECT_EQ(plan.num_single_requests, 1041U);
  EXPECT_EQ(plan.num_list_pages, 11U);
  EXPECT_EQ(plan.num_planned_singles, 40U);
  ASSERT_EQ(plan.lists.size(), 2U);
  EXPECT_TRUE(plan.lists[0].is_listed);
  EXPECT_FALSE(plan.lists[1].is_listed);
  ASSERT_TRUE(drive());
  EXPECT_EQ(verdicts_.size(), 1041U);
  EXPECT_EQ(engine().stats().num_requests, plan.num_planned());
}

}  // namespace
}  // namespace assay::storage

#include "audit/tally.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace assay::audit {
namespace {

TEST(TallyTable, CountsPerHotkeyAndStatus) {
  TallyTable table(TallyTable::Depth::kMissing);
  table.add_missing(table.entry_of("a"), JobStatus::kSuccess, 7);
  table.add_missing(table.entry_of("b"), JobStatus::kOther, 3);
  table.add_missing(table.entry_of("a"), JobStatus::kSuccess, 5);
  const auto tallies = table.tallies();
  ASSERT_EQ(tallies.size(), 2);
  EXPECT_EQ(tallies[0].hotkey, "a");
  EXPECT_EQ(tallies[0].missing_with(JobStatus::kSuccess), 2);
  EXPECT_EQ(tallies[0].first_missing_row, 5);
  EXPECT_EQ(tallies[1].missing_with(JobStatus::kOther), 1);
}

TEST(TallyTable, KeepsApartManyHotkeysOfAnyLength) {
  TallyTable table(TallyTable::Depth::kMissing);
  constexpr std::size_t kMany = 100'000;
  const auto hotkey = [](std::size_t i) { return fmt::format("{:0>{}}", i, 6 + i % 90); };
  for (std::size_t i = 0; i < kMany; ++i) ASSERT_EQ(table.entry_of(hotkey(i)), i);
  for (std::size_t i = 0; i < kMany; ++i) ASSERT_EQ(table.entry_of(hotkey(i)), i);
  table.entry_of(std::string(1'000'000, 'x'));
  EXPECT_EQ(table.size(), kMany + 1);
  EXPECT_EQ(table.tallies().back().hotkey.size(), 1'000'000);
}

TEST(TallyTable, MergeAddsAndKeepsTheEarlierFirstRow) {
  TallyTable left(TallyTable::Depth::kTotals);
  TallyTable right(TallyTable::Depth::kTotals);
  left.add_missing(left.entry_of("a"), JobStatus::kFailed, 10);
  left.add_job(left.entry_of("a"), JobStatus::kFailed);
  right.add_job(right.entry_of("b"), JobStatus::kSuccess);
  right.add_claim_without_address(right.entry_of("b"), JobStatus::kSuccess);
  right.add_missing(right.entry_of("a"), JobStatus::kFailed, 4);
  left.merge(right);
  const auto tallies = left.tallies();
  ASSERT_EQ(tallies.size(), 2);
  EXPECT_EQ(tallies[0].count_of_missing(), 2);
  EXPECT_EQ(tallies[0].first_missing_row, 4);
  EXPECT_EQ(tallies[0].jobs_with(JobStatus::kFailed), 1);
  EXPECT_EQ(tallies[1].first_missing_row, kNoRow);
  EXPECT_EQ(sum(tallies[1].claims_without_address), 1);
}

TEST(TallyTable, ReportOrderIsMostMissingThenFirstMissingRow) {
  std::vector<MinerTally> miners = {{.hotkey = "late", .missing = {2}, .first_missing_row = 9},
                                    {.hotkey = "none"},
                                    {.hotkey = "early", .missing = {0, 2}, .first_missing_row = 1},
                                    {.hotkey = "most", .missing = {3}, .first_missing_row = 50},
                                    {.hotkey = "never"}};
  sort_for_report(miners);
  std::vector<std::string> order;
  for (const MinerTally& miner : miners) order.push_back(miner.hotkey);
  EXPECT_EQ(order, (std::vector<std::string>{"most", "early", "late", "never", "none"}));
}

}  // namespace
}  // namespace assay::audit

#include "files/group_journal.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/journal.h"
#include "files/testing/damaged_journal.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace assay::files {
namespace {

using namespace assay::literals;
using testing::append_all;
using testing::kFolder;
using testing::Records;
using testing::segment;
using testing::segment_names;
using testing::SimulatedFileSystem;

// What the reader of a journal saw, checked to come in order and once.
struct Seen {
  Records records;
  std::uint64_t last = 0;

  GroupJournal::OnRecord taker() {
    return [this](std::uint64_t sequence, std::span<const std::byte> record) -> Status {
      EXPECT_TRUE(records.empty() || sequence == last + 1) << sequence;
      last = sequence;
      EXPECT_TRUE(records.emplace(sequence, as_text(record)).second);
      return {};
    };
  }
};

Result<std::unique_ptr<GroupJournal>> open_and_see(FileSystem& file_system, Seen& seen,
                                                   const GroupJournalOptions& options = {}) {
  seen = {};
  return GroupJournal::open(file_system, kFolder, options, seen.taker());
}

TEST(GroupJournal, GivesBackWhatWasWrittenInOrder) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen).value();
    EXPECT_EQ(journal->append(as_bytes("one")).value(), 1U);
    EXPECT_EQ(journal->append({}).value(), 2U);
    EXPECT_EQ(journal->append(as_bytes("three")).value(), 3U);
    EXPECT_EQ(journal->last_sequence(), 3U);
    EXPECT_EQ(seen.records, (Records{{1, "one"}, {2, ""}, {3, "three"}}));
  }
  auto journal = open_and_see(file_system, seen).value();
  EXPECT_EQ(seen.records, (Records{{1, "one"}, {2, ""}, {3, "three"}}));
  EXPECT_EQ(journal->recovery().num_records, 3U);
  EXPECT_EQ(journal->recovery().num_segments, 1U);
  EXPECT_EQ(journal->recovery().torn_tail, 0_B);
  EXPECT_EQ(journal->append(as_bytes("four")).value(), 4U);
}

TEST(GroupJournal, TheBytesAreThoseOfTheDocument) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen).value();
    append_all(*journal, {"hello", "x"});
  }
  const std::string content = file_system.content(segment(1)).value();
  // Header, a record, a mark for it, a record, a mark from closing.
  ASSERT_EQ(content.size(), 16U + 13 + 16 + 9 + 16);
  EXPECT_EQ(content.substr(24, 5), "hello");
  EXPECT_EQ(content.substr(29, 4), "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(content.substr(37, 8), std::string("\x1D\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(content[53], 'x');
  EXPECT_EQ(content.substr(54, 4), "\xFF\xFF\xFF\xFF");
}

TEST(GroupJournal, OneCallerCostsOneWriteAndOneSyncARecord) {
  SimulatedFileSystem file_system;
  Seen seen;
  auto journal = open_and_see(file_system, seen).value();
  append_all(*journal, {"first"});
  const std::uint64_t before = file_system.num_operations();
  append_all(*journal, {"a", "b", "c"});
  EXPECT_EQ(file_system.num_operations() - before, 6U);
}

TEST(GroupJournal, BeginsASegmentWhenOneHasGrownAndReadsAcrossThem) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen, {.segment_size = 40_B}).value();
    append_all(*journal, {"0123456789", "0123456789", "c", "0123456789", "0123456789", "f"});
  }
  EXPECT_EQ(segment_names(file_system),
            (std::vector<std::string>{segment(1).filename(), segment(3).filename(),
                                      segment(5).filename()}));
  auto journal = open_and_see(file_system, seen).value();
  EXPECT_EQ(journal->recovery().num_segments, 3U);
  EXPECT_EQ(seen.records.size(), 6U);
  EXPECT_EQ(seen.records[6], "f");
}

TEST(GroupJournal, DropRemovesWholeSegmentsAndKeepsTheNumbering) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen, {.segment_size = 1_B}).value();
    append_all(*journal, {"a", "b", "c"});
    ASSERT_TRUE(journal->drop_through(1));
    EXPECT_EQ(segment_names(file_system),
              (std::vector<std::string>{segment(2).filename(), segment(3).filename()}));
    ASSERT_TRUE(journal->drop_through(3));
    EXPECT_EQ(segment_names(file_system), (std::vector<std::string>{segment(4).filename()}));
    ASSERT_TRUE(journal->drop_through(3));
    EXPECT_EQ(segment_names(file_system), (std::vector<std::string>{segment(4).filename()}));
  }
  auto journal = open_and_see(file_system, seen).value();
  EXPECT_TRUE(seen.records.empty());
  EXPECT_EQ(journal->last_sequence(), 3U);
  EXPECT_EQ(journal->append(as_bytes("d")).value(), 4U);
}

TEST(GroupJournal, DropKeepsASegmentThatHoldsALaterRecord) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen).value();
    append_all(*journal, {"a", "b"});
    ASSERT_TRUE(journal->drop_through(1));
    append_all(*journal, {"c"});
  }
  ASSERT_TRUE(open_and_see(file_system, seen));
  EXPECT_EQ(seen.records, (Records{{1, "a"}, {2, "b"}, {3, "c"}}));
}

TEST(GroupJournal, IsOpenOnce) {
  SimulatedFileSystem file_system;
  Seen seen;
  const auto journal = open_and_see(file_system, seen);
  ASSERT_TRUE(journal);
  Seen other;
  EXPECT_EQ(open_and_see(file_system, other).error().code, ErrorCode::kUnavailable);
}

TEST(GroupJournal, RefusesARecordOverTheLimit) {
  SimulatedFileSystem file_system;
  Seen seen;
  auto journal = open_and_see(file_system, seen).value();
  const std::string record(kMaxJournalRecord.count() + 1, 'x');
  EXPECT_EQ(journal->append(as_bytes(record)).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(journal->append(as_bytes(std::string_view(record).substr(1))));
}

TEST(GroupJournal, PassesOnWhatTheReaderReturnsWhileItOpens) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen).value();
    append_all(*journal, {"a"});
  }
  const auto journal = GroupJournal::open(
      file_system, kFolder, {},
      [](std::uint64_t, std::span<const std::byte>) -> Status { return corrupt("no event"); });
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().message, "no event");
}

TEST(GroupJournal, LeavesOtherFilesAlone) {
  SimulatedFileSystem file_system;
  Seen seen;
  for (const auto* name : {"notes.txt", "1.journal", "0000000000000000000x.journal"}) {
    ASSERT_TRUE(write_file(file_system, std::filesystem::path(kFolder) / name, "mine"));
  }
  EXPECT_TRUE(open_and_see(file_system, seen));
  ASSERT_TRUE(write_file(file_system, segment(0), "mine"));
  EXPECT_EQ(open_and_see(file_system, seen).error().code, ErrorCode::kCorrupt);
}

TEST(GroupJournal, AFullDiskRefusesAndTheJournalGoesOnWhenThereIsSpace) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen).value();
    append_all(*journal, {"first"});
    file_system.set_capacity(60_B);
    const auto refused = journal->append(as_bytes(std::string(100, 'x')));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(file_system.content(segment(1))->size(), 16U + 13);
    EXPECT_EQ(journal->counts().num_refused, 1U);
    file_system.set_capacity(1'000_B);
    EXPECT_EQ(journal->append(as_bytes("second")).value(), 2U);
    EXPECT_EQ(journal->counts().num_durable, 2U);
  }
  ASSERT_TRUE(open_and_see(file_system, seen));
  EXPECT_EQ(seen.records, (Records{{1, "first"}, {2, "second"}}));
}

TEST(GroupJournal, WhatWasRefusedDoesNotComeBackWithAPowerLoss) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedFileSystem file_system;
    Seen seen;
    auto journal = open_and_see(file_system, seen).value();
    append_all(*journal, {"first"});
    file_system.inject({.operation = file_system.num_operations() + 1,
                        .error = no_space("no space left on device"),
                        .num_bytes_kept = 1'000});
    ASSERT_EQ(journal->append(as_bytes("refused")).error().code, ErrorCode::kNoSpace);
    SeededRandom random(seed);
    file_system.crash(random);
    ASSERT_TRUE(open_and_see(file_system, seen));
    ASSERT_EQ(seen.records, (Records{{1, "first"}})) << seed;
  }
}

TEST(GroupJournal, AFullDiskCanBeEasedByDroppingOldSegments) {
  SimulatedFileSystem file_system;
  Seen seen;
  auto journal = open_and_see(file_system, seen, {.segment_size = 1_B}).value();
  append_all(*journal, {"first", "second", "third"});
  file_system.set_capacity(88_B);  // Of which 87 are taken, and a header needs 16.
  EXPECT_EQ(journal->append(as_bytes("x")).error().code, ErrorCode::kNoSpace);
  ASSERT_TRUE(journal->drop_through(2));
  EXPECT_EQ(journal->append(as_bytes("fourth")).value(), 4U);
}

TEST(GroupJournal, AfterAFailedSyncItTakesNothingMore) {
  SimulatedFileSystem file_system;
  Seen seen;
  auto journal = open_and_see(file_system, seen).value();
  file_system.inject(
      {.operation = file_system.num_operations() + 2, .error = no_space("found full only now")});
  const auto failed = journal->append(as_bytes("x"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(failed.error().message.find("found full only now"), std::string::npos);
  for (const auto& later : {journal->append(as_bytes("y")).error(), journal->sync().error(),
                            journal->drop_through(1).error()}) {
    EXPECT_EQ(later.code, ErrorCode::kUnavailable);
  }
  EXPECT_EQ(journal->last_sequence(), 0U);
  EXPECT_TRUE(seen.records.empty());
}

TEST(GroupJournal, WithoutDurabilityItSyncsOnlyWhenAsked) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal = open_and_see(file_system, seen, {.durability = Durability::kNone}).value();
    append_all(*journal, {"a", "b"});
    EXPECT_EQ(journal->counts().num_durable, 0U);
    ASSERT_TRUE(journal->sync());
    EXPECT_EQ(journal->counts().num_durable, 2U);
    append_all(*journal, {"c"});
    EXPECT_EQ(journal->counts().num_durable, 2U);
    EXPECT_EQ(seen.records.size(), 3U);
    file_system.kill();
  }
  ASSERT_TRUE(open_and_see(file_system, seen));
  EXPECT_EQ(seen.records.size(), 3U);
}

TEST(GroupJournal, ByIntervalASyncFollowsByItself) {
  SimulatedFileSystem file_system;
  Seen seen;
  auto journal = open_and_see(file_system, seen,
                              {.durability = Durability::kInterval,
                               .sync_interval = std::chrono::milliseconds(2)})
                     .value();
  append_all(*journal, {"a"});
  // The thread that syncs tells nobody: its count is looked at until it is there.
  for (int tries = 0; tries < 5'000 && journal->counts().num_durable == 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(journal->counts().num_durable, 1U);
}

TEST(GroupJournal, ClosedByIntervalEverythingIsOnDisk) {
  SimulatedFileSystem file_system;
  Seen seen;
  {
    auto journal =
        open_and_see(file_system, seen,
                     {.durability = Durability::kInterval, .sync_interval = std::chrono::hours(1)})
            .value();
    append_all(*journal, {"a", "b"});
  }
  SeededRandom random(1);
  file_system.crash(random);
  ASSERT_TRUE(open_and_see(file_system, seen));
  EXPECT_EQ(seen.records.size(), 2U);
}

TEST(GroupJournal, AnEmptySegmentIsNeverClosed) {
  SimulatedFileSystem file_system;
  Seen seen;
  auto journal = open_and_see(file_system, seen, {.segment_size = 1_B}).value();
  append_all(*journal, {"a"});
  ASSERT_TRUE(journal->drop_through(1));
  file_system.set_capacity(20_B);  // Of which a header has 16.
  EXPECT_FALSE(journal->append(as_bytes("b")));
  EXPECT_FALSE(journal->append(as_bytes("b")));
  file_system.set_capacity(1'000_B);
  append_all(*journal, {"c", "d"});
  ASSERT_TRUE(journal->drop_through(2));
  EXPECT_EQ(segment_names(file_system), (std::vector<std::string>{segment(3).filename()}));
}

TEST(GroupJournal, AFullQueueRefusesOrWaits) {
  // The reader of the first record holds the writer up while others queue.
  for (const WhenFull when_full : {WhenFull::kRefuse, WhenFull::kBlock}) {
    SimulatedFileSystem file_system;
    std::atomic<bool> is_held = true;
    std::atomic<int> num_taken = 0;
    auto journal =
        GroupJournal::open(file_system, kFolder, {.max_queued = 20_B, .when_full = when_full},
                           [&](std::uint64_t, std::span<const std::byte>) -> Status {
                             ++num_taken;
                             is_held.wait(true);
                             return {};
                           })
            .value();
    // Larger than the queue, and let in alone.
    std::jthread first([&] { EXPECT_TRUE(journal->append(as_bytes(std::string(50, 'x')))); });
    while (num_taken == 0) std::this_thread::yield();
    std::atomic<bool> is_done = false;
    std::jthread second([&] {
      const auto appended = journal->append(as_bytes("y"));
      if (when_full == WhenFull::kBlock) {
        EXPECT_TRUE(appended);
      } else {
        EXPECT_EQ(appended.error().code, ErrorCode::kExhausted);
      }
      is_done = true;
    });
    if (when_full == WhenFull::kRefuse) {
      second.join();
      EXPECT_EQ(journal->counts().num_refused, 1U);
    } else {
      // That something does not happen can only be given a while.
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      EXPECT_FALSE(is_done);
    }
    is_held = false;
    is_held.notify_all();
    first.join();
    if (second.joinable()) second.join();
    EXPECT_EQ(num_taken, when_full == WhenFull::kBlock ? 2 : 1);
    EXPECT_EQ(journal->counts().num_queue_full, 1U);
  }
}

}  // namespace
}  // namespace assay::files

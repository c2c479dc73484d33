#include "files/journal.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::files {
namespace {

using testing::SimulatedFileSystem;
using RecordList = std::vector<std::string>;

constexpr std::string_view kPath = "state/verify.journal";

Result<Journal> open_with_records(FileSystem& file_system, RecordList& records) {
  records.clear();
  return Journal::open(file_system, kPath, [&](std::span<const std::byte> record) -> Status {
    records.emplace_back(as_text(record));
    return {};
  });
}

// Of changing sizes, some over a block, one over the journal's buffer.
std::string numbered_record(std::size_t number) {
  std::size_t size = number * 37 % 700;
  if (number == 5) size = 70'000;
  return std::to_string(number) + std::string(size, static_cast<char>('a' + number % 26));
}

RecordList first_records(std::size_t count) {
  RecordList records;
  for (std::size_t i = 0; i < count; ++i) records.push_back(numbered_record(i));
  return records;
}

// Appends records until something fails; syncs after every third, flushes in between. Says how many
// were acknowledged by a sync.
struct Progress {
  std::size_t num_appended = 0;
  std::size_t num_synced = 0;
};

Progress write_records(FileSystem& file_system, std::size_t count) {
  Progress progress;
  RecordList records;
  auto journal = open_with_records(file_system, records);
  if (!journal) return progress;
  progress.num_synced = progress.num_appended = records.size();
  for (std::size_t i = records.size(); i < count; ++i) {
    if (!journal->append(as_bytes(numbered_record(i)))) return progress;
    ++progress.num_appended;
    if (i % 3 == 2) {
      if (!journal->sync()) return progress;
      progress.num_synced = i + 1;
    } else if (i % 3 == 1) {
      if (!journal->flush()) return progress;
    }
  }
  if (journal->sync()) progress.num_synced = count;
  return progress;
}

TEST(Journal, GivesBackWhatWasWritten) {
  SimulatedFileSystem file_system;
  EXPECT_EQ(write_records(file_system, 20).num_synced, 20U);
  RecordList records;
  auto journal = open_with_records(file_system, records);
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ(records, first_records(20));
  EXPECT_EQ(journal->recovery().num_records, 20U);
  EXPECT_EQ(journal->recovery().torn_tail, ByteCount(0));
}

TEST(Journal, EmptyRecordsAreRecords) {
  SimulatedFileSystem file_system;
  RecordList records;
  {
    auto journal = open_with_records(file_system, records);
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->append({}));
    ASSERT_TRUE(journal->sync());
  }
  ASSERT_TRUE(open_with_records(file_system, records));
  EXPECT_EQ(records, RecordList{""});
}

TEST(Journal, TheBytesAreThoseOfTheDocument) {
  SimulatedFileSystem file_system;
  RecordList records;
  {
    auto journal = open_with_records(file_system, records);
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->append(as_bytes("hello")));
    ASSERT_TRUE(journal->sync());
  }
  const std::string content = file_system.content(kPath).value();
  ASSERT_EQ(content.size(), 16U + 8 + 5 + 16);
  EXPECT_EQ(content.substr(0, 12), std::string("ASSAYJNL\x01\0\0\0", 12));
  EXPECT_EQ(content.substr(16, 4), std::string("\x05\0\0\0", 4));
  EXPECT_EQ(content.substr(24, 5), "hello");
  EXPECT_EQ(content.substr(29, 4), "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(content.substr(37, 8), std::string("\x1D\0\0\0\0\0\0\0", 8));
}

TEST(Journal, ACrashAtAnyOperationLosesNothingSyncedAndInventsNothing) {
  SimulatedFileSystem probe;
  write_records(probe, 12);
  int num_torn = 0;
  for (std::uint64_t operation = 1; operation <= probe.num_operations() + 1; ++operation) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      SimulatedFileSystem file_system;
      file_system.cut_power_at(operation);
      const Progress progress = write_records(file_system, 12);
      SeededRandom random(seed);
      file_system.crash(random);
      RecordList records;
      {
        auto journal = open_with_records(file_system, records);
        ASSERT_TRUE(journal) << "operation " << operation << " seed " << seed << ": "
                             << journal.error().message;
        if (journal->recovery().torn_tail > ByteCount(0)) ++num_torn;
      }
      ASSERT_GE(records.size(), progress.num_synced) << operation << " " << seed;
      ASSERT_LE(records.size(), progress.num_appended);
      ASSERT_EQ(records, first_records(records.size()));
      // What was handed out lasts, through a second crash too.
      file_system.crash(random);
      RecordList again;
      ASSERT_TRUE(open_with_records(file_system, again));
      ASSERT_EQ(again, records);
      ASSERT_EQ(write_records(file_system, 12).num_synced, 12U);
    }
  }
  EXPECT_GT(num_torn, 100);
}

TEST(Journal, ACrashDuringRecoveryIsRecoveredFrom) {
  SimulatedFileSystem probe;
  write_records(probe, 11);
  const std::uint64_t crash_at = probe.num_operations() - 3;
  for (std::uint64_t operation = 1; operation < 30; ++operation) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      SimulatedFileSystem file_system;
      file_system.cut_power_at(crash_at);
      const Progress progress = write_records(file_system, 11);
      SeededRandom random(seed);
      file_system.crash(random);
      file_system.cut_power_at(file_system.num_operations() + operation);
      write_records(file_system, 14);
      file_system.crash(random);
      RecordList records;
      ASSERT_TRUE(open_with_records(file_system, records));
      ASSERT_GE(records.size(), progress.num_synced);
      ASSERT_EQ(records, first_records(records.size()));
    }
  }
}

TEST(Journal, AKillLosesNothingFlushed) {
  SimulatedFileSystem file_system;
  RecordList records;
  auto journal = open_with_records(file_system, records);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->append(as_bytes("flushed")));
  ASSERT_TRUE(journal->flush());
  ASSERT_TRUE(journal->append(as_bytes("buffered")));
  file_system.kill();
  ASSERT_TRUE(open_with_records(file_system, records));
  EXPECT_EQ(records, RecordList{"flushed"});
}

TEST(Journal, DamageToWhatWasSyncedIsReportedAndTouchesNothing) {
  SimulatedFileSystem good;
  write_records(good, 5);
  const std::string content = good.content(kPath).value();
  // Every byte behind the header but those of the last mark, whose loss is a torn tail.
  for (std::size_t offset = 16; offset < content.size() - 16; ++offset) {
    SimulatedFileSystem file_system;
    ASSERT_TRUE(write_file(file_system, kPath, content));
    file_system.flip_byte(kPath, offset);
    const auto damaged = file_system.content(kPath);
    RecordList records;
    const auto journal = open_with_records(file_system, records);
    // A mark that is damaged hides nothing when another follows.
    ASSERT_FALSE(journal) << offset;
    EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(journal.error().message.find("at byte "), std::string::npos);
    EXPECT_EQ(file_system.content(kPath), damaged);
  }
}

TEST(Journal, ALengthOverTheLimitIsDamage) {
  SimulatedFileSystem file_system;
  write_records(file_system, 5);
  std::string content = file_system.content(kPath).value();
  content[19] = '\x7F';
  ASSERT_TRUE(write_file(file_system, kPath, content));
  RecordList records;
  const auto journal = open_with_records(file_system, records);
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(journal.error().message.find("byte 16 "), std::string::npos);
}

TEST(Journal, EveryCutOfTheFileOpensWithAPrefixOfTheRecords) {
  SimulatedFileSystem good;
  write_records(good, 5);
  const std::string content = good.content(kPath).value();
  std::size_t num_last = 0;
  for (std::size_t size = 0; size <= content.size(); ++size) {
    SimulatedFileSystem file_system;
    ASSERT_TRUE(write_file(file_system, kPath, content.substr(0, size)));
    RecordList records;
    const auto journal = open_with_records(file_system, records);
    ASSERT_TRUE(journal) << size << ": " << journal.error().message;
    ASSERT_EQ(records, first_records(records.size()));
    ASSERT_GE(records.size(), num_last);
    num_last = records.size();
  }
  EXPECT_EQ(num_last, 5U);
}

TEST(Journal, RefusesWhatIsNotAJournalAndLeavesItAlone) {
  SimulatedFileSystem file_system;
  RecordList records;
  for (const std::string& content :
       {std::string("a CSV that somebody needs\n"), std::string("x"), std::string("ASSAYJNX"),
        std::string("ASSAYJNL\x02\0\0\0\x7A\x27\x0A\xBA", 16)}) {
    ASSERT_TRUE(write_file(file_system, kPath, content));
    const auto journal = open_with_records(file_system, records);
    ASSERT_FALSE(journal) << content;
    EXPECT_TRUE(journal.error().code == ErrorCode::kInvalidInput ||
                journal.error().code == ErrorCode::kCorrupt)
        << journal.error().message;
    EXPECT_EQ(file_system.content(kPath), content);
  }
}

TEST(Journal, IsOpenOnce) {
  SimulatedFileSystem file_system;
  RecordList records;
  const auto first = open_with_records(file_system, records);
  ASSERT_TRUE(first);
  const auto second = open_with_records(file_system, records);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(Journal, AFullDiskLosesNothingOnceThereIsSpace) {
  SimulatedFileSystem file_system;
  RecordList records;
  {
    auto journal = open_with_records(file_system, records);
    ASSERT_TRUE(journal);
    file_system.set_capacity(ByteCount(20));
    ASSERT_TRUE(journal->append(as_bytes("first")));
    const auto full = journal->sync();
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(file_system.content(kPath)->size(), 16U);
    file_system.set_capacity(ByteCount(1'000));
    ASSERT_TRUE(journal->append(as_bytes("second")));
    ASSERT_TRUE(journal->sync());
  }
  ASSERT_TRUE(open_with_records(file_system, records));
  EXPECT_EQ(records, (RecordList{"first", "second"}));
}

TEST(Journal, AfterAFailedSyncItTakesNothingMore) {
  SimulatedFileSystem file_system;
  RecordList records;
  auto journal = open_with_records(file_system, records);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->append(as_bytes("first")));
  file_system.inject(
      {.operation = file_system.num_operations() + 2, .error = unavailable("input/output error")});
  ASSERT_FALSE(journal->sync());
  const auto later = journal->sync();
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::kUnavailable);
}

TEST(Journal, RefusesARecordOverTheLimit) {
  SimulatedFileSystem file_system;
  RecordList records;
  auto journal = open_with_records(file_system, records);
  ASSERT_TRUE(journal);
  const std::string record(kMaxJournalRecord.count() + 1, 'x');
  EXPECT_EQ(journal->append(as_bytes(record)).error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(journal->append(as_bytes(std::string_view(record).substr(1))));
  ASSERT_TRUE(journal->sync());
}

TEST(Journal, RetireRemovesTheFile) {
  SimulatedFileSystem file_system;
  RecordList records;
  auto journal = open_with_records(file_system, records);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->append(as_bytes("done")));
  ASSERT_TRUE(journal->retire());
  EXPECT_EQ(file_system.content(kPath), std::nullopt);
  ASSERT_TRUE(open_with_records(file_system, records));
  EXPECT_TRUE(records.empty());
}

TEST(Journal, PassesOnWhatTheReaderOfRecordsReturns) {
  SimulatedFileSystem file_system;
  write_records(file_system, 3);
  const auto journal = Journal::open(file_system, kPath, [](std::span<const std::byte>) -> Status {
    return corrupt("not a verdict");
  });
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().message, "not a verdict");
}

}  // namespace
}  // namespace assay::files

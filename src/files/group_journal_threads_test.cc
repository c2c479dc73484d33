#include "files/group_journal.h"
#include "files/testing/damaged_journal.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace assay::files {
namespace {

using namespace assay::literals;
using testing::Records;

// On the machine's files, with small segments and a thread that drops and one that syncs.
void check_many_callers(Durability durability) {
  constexpr int kNumThreads = 64;
  constexpr int kNumRecords = 150;
  const testing::TemporaryFolder folder;
  const GroupJournalOptions options{.durability = durability,
                                    .sync_interval = std::chrono::milliseconds(1),
                                    .max_queued = 8_KiB,
                                    .segment_size = 100_KiB};
  Records seen;
  const auto take = [&seen](std::uint64_t sequence, std::span<const std::byte> record) -> Status {
    EXPECT_TRUE(seen.empty() || sequence == seen.rbegin()->first + 1) << sequence;
    seen.emplace(sequence, as_text(record));
    return {};
  };
  std::vector<std::vector<std::uint64_t>> sequences(kNumThreads);
  {
    auto journal = GroupJournal::open(posix_file_system(), folder.path(), options, take).value();
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kNumThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kNumRecords; ++i) {
          const std::string record = std::to_string(thread) + ":" + std::to_string(i) +
                                     std::string(static_cast<std::size_t>(i), '.');
          const auto sequence = journal->append(as_bytes(record));
          ASSERT_TRUE(sequence) << sequence.error().message;
          sequences[static_cast<std::size_t>(thread)].push_back(*sequence);
        }
      });
    }
    std::jthread syncer([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) EXPECT_TRUE(journal->sync());
    });
    std::jthread dropper([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        EXPECT_TRUE(journal->drop_through(journal->last_sequence() / 4));
        // So that segments grow between two drops.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    threads.clear();
    syncer = {};
    dropper = {};
    EXPECT_TRUE(journal->sync());
    EXPECT_EQ(journal->counts().num_accepted, 1U * kNumThreads * kNumRecords);
    EXPECT_EQ(journal->counts().num_durable, 1U * kNumThreads * kNumRecords);
  }
  const Records handed = seen;
  ASSERT_EQ(handed.size(), 1U * kNumThreads * kNumRecords);
  for (std::size_t thread = 0; thread < kNumThreads; ++thread) {
    ASSERT_TRUE(std::ranges::is_sorted(sequences[thread]));
    for (std::size_t i = 0; i < sequences[thread].size(); ++i) {
      const std::string start = std::to_string(thread) + ":" + std::to_string(i);
      ASSERT_EQ(handed.at(sequences[thread][i]), start + std::string(i, '.'));
    }
  }
  seen.clear();
  ASSERT_TRUE(GroupJournal::open(posix_file_system(), folder.path(), options, take));
  ASSERT_GE(seen.size(), handed.size() * 3 / 4);
  ASSERT_EQ(seen.rbegin()->first, handed.size());
  for (const auto& [sequence, record] : seen) ASSERT_EQ(record, handed.at(sequence));
}

TEST(GroupJournalThreads, ManyCallersEachFindTheirRecordsInOrder) {
  check_many_callers(Durability::kAlways);
}

TEST(GroupJournalThreads, ManyCallersByIntervalEachFindTheirRecordsInOrder) {
  check_many_callers(Durability::kInterval);
}

TEST(GroupJournalThreads, ManyCallersWithoutDurabilityEachFindTheirRecordsInOrder) {
  check_many_callers(Durability::kNone);
}

}  // namespace
}  // namespace assay::files

#include "core/random.h"
#include "core/testing/slowness.h"
#include "files/group_journal.h"
#include "files/testing/damaged_journal.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

// Simulated lives of a journal: callers append and drop until an operation fails or the power goes,
// then it is opened again and held against what the callers were told. All follow from one seed.
//
// A crash point is one life that ends at an operation, the recovery behind it, and the check. The
// second crash of each, right behind the recovery, is not counted.

namespace assay::files {
namespace {

using assay::testing::kSlowness;
using testing::kFolder;
using testing::Records;
using testing::SimulatedFileSystem;

constexpr int kNumLives = 2;  // of one check

// What is true about a journal, kept by its callers.
struct Truth {
  std::mutex mutex;               // guards all below
  Records acknowledged;           // and synced, where append() alone does not promise that
  std::set<std::string> refused;  // with an error that says it is not there
  std::set<std::string> attempted;
  std::uint64_t dropped = 0;     // drop_through() was called with this
  std::uint64_t num_handed = 0;  // to the reader, of appended ones
};

struct Life {
  std::uint64_t seed = 0;
  int num_threads = 1;
  int num_records = 12;  // of each thread
  Durability durability = Durability::kAlways;
};

std::string record_of(const Life& life, std::uint64_t start, int thread, int number) {
  std::string text =
      std::to_string(start) + ":" + std::to_string(thread) + ":" + std::to_string(number) + ":";
  const std::uint64_t size = (life.seed * 31 + static_cast<std::uint64_t>(number) * 97) % 300;
  // Zeros too: a hole must not pass for a record.
  text.append(size, number % 3 == 0 ? '\0' : static_cast<char>('a' + number % 26));
  return text;
}

GroupJournalOptions options_of(const Life& life) {
  return {.durability = life.durability,
          .sync_interval = std::chrono::milliseconds(1),
          .segment_size = ByteCount(life.seed % 4 == 0 ? 1'000'000 : life.seed % 700),
          .when_damaged = WhenDamaged::kRefuse};
}

void run_thread(GroupJournal& journal, Truth& truth, const Life& life, std::uint64_t start,
                int thread) {
  Records unsynced;
  for (int number = 0; number < life.num_records; ++number) {
    const std::string record = record_of(life, start, thread, number);
    {
      const std::scoped_lock lock(truth.mutex);
      truth.attempted.insert(record);
    }
    const auto sequence = journal.append(as_bytes(record));
    if (sequence) {
      unsynced.emplace(*sequence, record);
    } else if (sequence.error().code != ErrorCode::kUnavailable) {
      const std::scoped_lock lock(truth.mutex);
      truth.refused.insert(record);
    }
    if (life.durability == Durability::kAlways || (number % 4 == 3 && journal.sync())) {
      const std::scoped_lock lock(truth.mutex);
      truth.acknowledged.merge(unsynced);
    }
    if (number % 5 == 4 && thread == 0) {
      const std::uint64_t last = journal.last_sequence();
      const std::uint64_t sequence_to_drop = last > 3 ? last - 3 : 0;
      {
        const std::scoped_lock lock(truth.mutex);
        truth.dropped = std::max(truth.dropped, sequence_to_drop);
      }
      static_cast<void>(journal.drop_through(sequence_to_drop));
    }
  }
}

// Opens the journal and reads it all. `start` makes the records of this life differ from others'.
Status live(FileSystem& file_system, Truth& truth, const Life& life, std::uint64_t start) {
  bool is_open = false;
  std::uint64_t last = 0;
  auto journal =
      GroupJournal::open(file_system, kFolder, options_of(life),
                         [&](std::uint64_t sequence, std::span<const std::byte>) -> Status {
                           EXPECT_TRUE(last == 0 || sequence == last + 1) << "seed " << life.seed;
                           last = sequence;
                           if (is_open) ++truth.num_handed;
                           return {};
                         });
  if (!journal) return journal.error();
  is_open = true;
  if (life.num_threads == 1) {
    run_thread(**journal, truth, life, start, 0);
    return {};
  }
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < life.num_threads; ++thread) {
    threads.emplace_back([&, thread] { run_thread(**journal, truth, life, start, thread); });
  }
  return {};
}

Result<Records> read_all(FileSystem& file_system) {
  Records records;
  const auto journal =
      GroupJournal::open(file_system, kFolder, {.when_damaged = WhenDamaged::kRefuse},
                         [&](std::uint64_t sequence, std::span<const std::byte> record) {
                           EXPECT_TRUE(records.empty() || sequence == records.rbegin()->first + 1);
                           records.emplace(sequence, as_text(record));
                           return Status();
                         });
  if (!journal) return journal.error();
  EXPECT_EQ((*journal)->last_sequence(),
            records.empty() ? (*journal)->last_sequence() : records.rbegin()->first);
  return records;
}

// What was found against what the callers know; empty when all is well.
std::string difference(const Records& found, const Truth& truth) {
  for (const auto& [sequence, record] : truth.acknowledged) {
    const auto at = found.find(sequence);
    if (at == found.end() && sequence <= truth.dropped) continue;
    if (at == found.end()) return "lost record " + std::to_string(sequence);
    if (at->second != record) return "another record at " + std::to_string(sequence);
  }
  std::set<std::string> once;
  std::map<std::string, int> last_of_thread;  // by life and thread
  for (const auto& [sequence, record] : found) {
    if (!truth.attempted.contains(record)) return "invented " + std::to_string(sequence);
    if (truth.refused.contains(record)) return "refused, but there: " + std::to_string(sequence);
    if (!once.insert(record).second) return "twice: " + std::to_string(sequence);
    const std::size_t colon = record.find(':', record.find(':') + 1);
    const int number = std::stoi(record.substr(colon + 1));
    const auto [last, is_first] = last_of_thread.try_emplace(record.substr(0, colon), number);
    if (!is_first && number <= last->second) return "out of order: " + std::to_string(sequence);
    last->second = number;
  }
  return {};
}

enum class End { kPowerLoss, kKill };

// Runs one life until `operation`, ends it, and checks twice; then a second life on top.
void check_crash(const Life& life, std::uint64_t operation, End end) {
  SimulatedFileSystem file_system;
  Truth truth;
  SeededRandom random(life.seed);
  for (std::uint64_t start = 0; start < kNumLives; ++start) {
    file_system.cut_power_at(file_system.num_operations() + operation);
    static_cast<void>(live(file_system, truth, life, start));
    if (end == End::kKill) {
      file_system.kill();
    } else {
      file_system.crash(random);
    }
    const auto found = read_all(file_system);
    ASSERT_TRUE(found) << "seed " << life.seed << " operation " << operation << ": "
                       << found.error().message;
    ASSERT_EQ(difference(*found, truth), "") << "seed " << life.seed << " operation " << operation;
    // What was handed out lasts, through a second crash too.
    file_system.crash(random);
    const auto again = read_all(file_system);
    ASSERT_TRUE(again) << "seed " << life.seed << ": " << again.error().message;
    ASSERT_EQ(*again, *found) << "seed " << life.seed << " operation " << operation;
    operation = 1 + random.below(operation + 20);
  }
}

std::uint64_t num_operations_of(const Life& life) {
  SimulatedFileSystem file_system;
  Truth truth;
  EXPECT_TRUE(live(file_system, truth, life, 0));
  EXPECT_EQ(truth.num_handed, static_cast<std::uint64_t>(life.num_threads) *
                                  static_cast<std::uint64_t>(life.num_records));
  const std::uint64_t num_operations = file_system.num_operations();
  const auto found = read_all(file_system);
  EXPECT_TRUE(found);
  EXPECT_EQ(difference(found.value_or(Records{}), truth), "");
  return num_operations;
}

// Of the short run so many times as many.
int fold() { return std::getenv("ASSAY_TEST_FULL") != nullptr ? 12 : 1; }

void say_points(int num_checks) { std::cout << "crash points: " << num_checks * kNumLives << '\n'; }

class GroupJournalCrashParts : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Part, GroupJournalCrashParts, ::testing::Range(0, 4));

TEST_P(GroupJournalCrashParts, APowerLossAtAnyOperationLosesNothingAcknowledged) {
  int num_points = 0;
  // Lives of some 40 operations: parts do not meet.
  const std::uint64_t first_seed = 1 + static_cast<std::uint64_t>(GetParam()) * 1'000'000;
  for (std::uint64_t seed = first_seed; num_points < 4'000 * fold() / kSlowness; ++seed) {
    const Life life{.seed = seed};
    const std::uint64_t num_operations = num_operations_of(life);
    for (std::uint64_t operation = 1; operation <= num_operations + 1; ++operation) {
      check_crash(life, operation, End::kPowerLoss);
      if (HasFailure()) return;
      ++num_points;
    }
  }
  say_points(num_points);
}

TEST(GroupJournalCrash, APowerLossUnderManyCallersLosesNothingAcknowledged) {
  const int num_checks = 3'000 * fold() / kSlowness;
  for (int number = 1; number <= num_checks; ++number) {
    const auto seed = static_cast<std::uint64_t>(number);
    const Life life{.seed = seed, .num_threads = 4, .num_records = 5};
    check_crash(life, 1 + seed * 7919 % 60, End::kPowerLoss);
    if (HasFailure()) return;
  }
  say_points(num_checks);
}

TEST(GroupJournalCrash, WithoutDurabilityWhatWasSyncedIsThere) {
  const int num_checks = 2'000 * fold() / kSlowness;
  for (const Durability durability : {Durability::kNone, Durability::kInterval}) {
    for (int number = 1; number <= num_checks; ++number) {
      const auto seed = static_cast<std::uint64_t>(number);
      const Life life{.seed = seed, .durability = durability};
      check_crash(life, 1 + seed * 7919 % 60, End::kPowerLoss);
      if (HasFailure()) return;
    }
  }
  say_points(2 * num_checks);
}

TEST(GroupJournalCrash, AKillAtAnyOperationLosesNothingAcknowledged) {
  const int num_checks = 1'000 * fold() / kSlowness;
  for (int number = 1; number <= num_checks; ++number) {
    const auto seed = static_cast<std::uint64_t>(number);
    check_crash({.seed = seed}, 1 + seed * 7919 % 60, End::kKill);
    if (HasFailure()) return;
  }
  say_points(num_checks);
}

// One operation fails, at each number in turn; the callers go on.
void check_faults(const Error& error) {
  for (std::uint64_t seed = 1; seed <= 30 / kSlowness; ++seed) {
    const Life life{.seed = seed};
    const std::uint64_t num_operations = num_operations_of(life);
    for (std::uint64_t operation = 1; operation <= num_operations; ++operation) {
      SimulatedFileSystem file_system;
      Truth truth;
      SeededRandom random(seed);
      file_system.inject(
          {.operation = operation, .error = error, .num_bytes_kept = random.below(400)});
      static_cast<void>(live(file_system, truth, life, 0));
      file_system.inject({});
      if (seed % 2 == 0) file_system.crash(random);
      const auto found = read_all(file_system);
      ASSERT_TRUE(found) << "seed " << seed << " operation " << operation << ": "
                         << found.error().message;
      ASSERT_EQ(difference(*found, truth), "") << "seed " << seed << " operation " << operation;
      file_system.crash(random);
      ASSERT_EQ(read_all(file_system).value(), *found);
    }
  }
}

TEST(GroupJournalCrash, AFullDiskAtAnyOperationLosesNothingAcknowledged) {
  check_faults(no_space("no space left on device"));
}

TEST(GroupJournalCrash, AnInputOutputErrorAtAnyOperationLosesNothingAcknowledged) {
  check_faults(unavailable("input/output error"));
}

TEST(GroupJournalCrash, AnyCapacityOfTheDiskLosesNothingAcknowledged) {
  for (std::uint64_t capacity = 0; capacity < 2'500; capacity += kSlowness) {
    const Life life{.seed = capacity};
    SimulatedFileSystem file_system;
    Truth truth;
    SeededRandom random(capacity);
    file_system.set_capacity(ByteCount(capacity));
    static_cast<void>(live(file_system, truth, life, 0));
    if (capacity % 2 == 0) file_system.crash(random);
    file_system.set_capacity(ByteCount(1'000'000));
    ASSERT_TRUE(live(file_system, truth, life, 1)) << capacity;
    const auto found = read_all(file_system);
    ASSERT_TRUE(found) << capacity << ": " << found.error().message;
    ASSERT_EQ(difference(*found, truth), "") << capacity;
    ASSERT_FALSE(found->empty());
  }
}

}  // namespace
}  // namespace assay::files

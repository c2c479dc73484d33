#include "core/random.h"
#include "core/testing/slowness.h"
#include "files/atomic_file.h"
#include "files/group_journal.h"
#include "files/journal_format_internal.h"
#include "files/testing/damaged_journal.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

// Journals that were whole once and are not any more.

namespace assay::files {
namespace {

using namespace assay::literals;
using assay::testing::kSlowness;
using namespace files::testing;

TEST(GroupJournalSalvage, RefusedDamageInAnySegmentIsReportedAndTouchesNothing) {
  SimulatedFileSystem good;
  Records seen;
  {
    auto journal = open_journal(good, seen, {.segment_size = 60_B}).value();
    append_all(*journal, {"0123456789", "0123456789", "c", "0123456789", "0123456789", "f", "g"});
  }
  const auto names = segment_names(good);
  ASSERT_EQ(names.size(), 3U);
  for (const auto& name : names) {
    const auto path = std::filesystem::path(kFolder) / name;
    const std::size_t size = good.content(path)->size();
    // The mark at the end of the open segment is the only thing that nothing vouches for; the last
    // record of a closed one has its successor's name.
    const std::size_t end = name == names.back() ? size - 16 : size;
    for (std::size_t offset = 16; offset < end; ++offset) {
      SimulatedFileSystem damaged;
      for (const auto& other : names) {
        const auto other_path = std::filesystem::path(kFolder) / other;
        ASSERT_TRUE(write_file(damaged, other_path, *good.content(other_path)));
      }
      damaged.flip_byte(path, offset);
      const auto before = damaged.content(path);
      const auto journal = open_journal(damaged, seen, {.when_damaged = WhenDamaged::kRefuse});
      ASSERT_FALSE(journal) << name << " " << offset;
      EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt);
      EXPECT_NE(journal.error().message.find(name), std::string::npos) << journal.error().message;
      EXPECT_EQ(damaged.content(path), before);
    }
  }
}

TEST(GroupJournalSalvage, ARefusedMissingOrCutSegmentIsReported) {
  SimulatedFileSystem file_system;
  Records seen;
  {
    auto journal = open_journal(file_system, seen, {.segment_size = 1_B}).value();
    append_all(*journal, {"a", "b", "c"});
  }
  const std::string second = file_system.content(segment(2)).value();
  ASSERT_TRUE(file_system.remove(segment(2)));
  const GroupJournalOptions strict{.when_damaged = WhenDamaged::kRefuse};
  const auto missing = open_journal(file_system, seen, strict);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(missing.error().message.find(segment(3).filename()), std::string::npos);
  for (std::size_t size = 0; size < second.size(); ++size) {
    ASSERT_TRUE(write_file(file_system, segment(2), second.substr(0, size)));
    ASSERT_EQ(open_journal(file_system, seen, strict).error().code, ErrorCode::kCorrupt) << size;
  }
  ASSERT_TRUE(write_file(file_system, segment(2), second));
  EXPECT_TRUE(open_journal(file_system, seen));
}

TEST(GroupJournalSalvage, AFlippedByteAnywhereCostsAtMostItsRecord) {
  SimulatedFileSystem good;
  write_journal(good);
  const auto firsts = segments(good);
  ASSERT_EQ(firsts.size(), 3U);
  for (const std::uint64_t first : firsts) {
    const std::size_t size = good.content(segment(first))->size();
    const std::size_t end = first == firsts.back() ? size - 16 : size;
    for (std::size_t offset = 0; offset < end; ++offset) {
      SCOPED_TRACE(std::to_string(first) + " " + std::to_string(offset));
      SimulatedFileSystem damaged;
      for (const std::uint64_t other : firsts) {
        ASSERT_TRUE(write_file(damaged, segment(other), *good.content(segment(other))));
      }
      damaged.flip_byte(segment(first), offset);
      const std::string before = *damaged.content(segment(first));
      Records found;
      std::uint64_t last = 0;
      {
        auto journal = open_journal(damaged, found).value();
        ASSERT_EQ(journal->recovery().damage.size(), 1U);
        EXPECT_EQ(journal->recovery().damage[0].segment, segment(first).filename());
        check_found(found, num_lost(journal->recovery()));
        EXPECT_LE(num_lost(journal->recovery()), 1U);
        EXPECT_EQ(journal->last_sequence(), 7U);
        last = journal->append(as_bytes("next")).value();
        EXPECT_GT(last, 7U);
        EXPECT_EQ(damaged.content(segment(first)), before);
      }
      // The same once more, with what came since.
      Records again;
      auto journal = open_journal(damaged, again).value();
      Records expected = found;
      expected.emplace(last, "next");
      EXPECT_EQ(again, expected);
      ASSERT_EQ(journal->recovery().damage.size(), 1U);
      // Dropped, it is kept whole, with a note.
      ASSERT_TRUE(journal->drop_through(last));
      EXPECT_EQ(damaged.content(in_quarantine(segment(first), ".0")), before);
      const auto note = damaged.content(in_quarantine(segment(first), ".0.json"));
      ASSERT_TRUE(note);
      EXPECT_TRUE(note->contains("\"segment\": \"" + segment(first).filename().native() + "\""));
      EXPECT_EQ(list_damage_notes(damaged, kFolder)->size(), 1U);
      journal.reset();
      journal = open_journal(damaged, again).value();
      EXPECT_TRUE(journal->recovery().damage.empty());
      EXPECT_TRUE(again.empty());
    }
  }
}

TEST(GroupJournalSalvage, AMissingOrCutSegmentIsStatedByItsNumbers) {
  SimulatedFileSystem file_system;
  write_journal(file_system);
  const std::string second = *file_system.content(segment(3));
  ASSERT_TRUE(file_system.remove(segment(3)));
  Records found;
  {
    const auto journal = open_journal(file_system, found).value();
    ASSERT_EQ(journal->recovery().damage.size(), 1U);
    EXPECT_EQ(journal->recovery().damage[0].lost, (std::vector<LostRecords>{{3, 5, 3, 3}}));
    check_found(found, 3);
    EXPECT_EQ(found.size(), 4U);
  }
  for (std::size_t size = 0; size < second.size() - 16; ++size) {
    ASSERT_TRUE(write_file(file_system, segment(3), std::string_view(second).substr(0, size)));
    const auto journal = open_journal(file_system, found).value();
    ASSERT_EQ(journal->recovery().damage.size(), 1U) << size;
    check_found(found, num_lost(journal->recovery()));
    EXPECT_EQ(num_lost(journal->recovery()) + found.size(), 7U) << size;
  }
}

TEST(GroupJournalSalvage, RefusesWhenToldToAndChangesNothing) {
  SimulatedFileSystem file_system;
  write_journal(file_system);
  file_system.flip_byte(segment(3), 30);
  Records found;
  const auto refused = open_journal(file_system, found, {.when_damaged = WhenDamaged::kRefuse});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(list_damage_notes(file_system, kFolder)->empty());
  EXPECT_EQ(segments(file_system), (std::vector<std::uint64_t>{1, 3, 6}));
}

TEST(GroupJournalSalvage, ASegmentOfALaterVersionIsNotDamaged) {
  SimulatedFileSystem file_system;
  std::string header(as_text(journal_format::header()));
  header[8] = 2;
  const std::uint32_t checksum = crc32c(as_bytes(std::string_view(header).substr(0, 12)));
  journal_format::store(std::as_writable_bytes(std::span(header)).data() + 12, checksum);
  ASSERT_TRUE(write_file(file_system, segment(1), header + "of another form"));
  Records found;
  EXPECT_EQ(open_journal(file_system, found).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(list_damage_notes(file_system, kFolder)->empty());
}

TEST(GroupJournalSalvage, ADamagedSegmentThatIsTooLargeIsRefused) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / segment(1).filename();
  ASSERT_TRUE(write_file(posix_file_system(), path, "no header of a journal"));
  std::filesystem::resize_file(path, (std::uintmax_t{1} << 30) + 1);  // with a hole
  const auto refused =
      GroupJournal::open(posix_file_system(), folder.path(), {},
                         [](std::uint64_t, std::span<const std::byte>) { return Status(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
}

TEST(GroupJournalSalvage, AJunkFileInPlaceOfTheLastSegmentIsKeptAndFollowed) {
  SimulatedFileSystem file_system;
  ASSERT_TRUE(write_file(file_system, segment(5), std::string(100, 'j')));
  Records found;
  auto journal = open_journal(file_system, found).value();
  EXPECT_GT(journal->append(as_bytes("next")).value(), 5U);
  ASSERT_TRUE(journal->drop_through(journal->last_sequence()));
  EXPECT_EQ(file_system.content(in_quarantine(segment(5), ".0")), std::string(100, 'j'));
}

TEST(GroupJournalSalvage, NothingIsAddedToADamagedSegmentWithoutRecords) {
  SimulatedFileSystem file_system;
  std::string bytes(as_text(journal_format::header()));
  bytes += as_text(journal_format::mark(bytes.size()));
  bytes += as_text(journal_format::mark(bytes.size()));
  bytes[journal_format::kHeaderSize + 5] ^= 1;  // of the first mark
  ASSERT_TRUE(write_file(file_system, segment(1), bytes));
  Records seen;
  {
    auto journal = open_journal(file_system, seen).value();
    append_all(*journal, {"x"});
  }
  EXPECT_EQ(file_system.content(segment(1)), bytes);
  const auto journal = open_journal(file_system, seen).value();
  EXPECT_EQ(seen.size(), 1U);
}

TEST(GroupJournalSalvage, AnotherDamagedFileOfTheSameNameIsKeptBesideTheFirst) {
  SimulatedFileSystem file_system;
  for (const std::string content : {"first", "second"}) {
    for (const std::uint64_t first : segments(file_system)) {
      ASSERT_TRUE(file_system.remove(segment(first)));
    }
    ASSERT_TRUE(write_file(file_system, segment(1), content + std::string(30, ' ')));
    Records found;
    auto journal = open_journal(file_system, found).value();
    ASSERT_TRUE(journal->append(as_bytes("x")));
    ASSERT_TRUE(journal->drop_through(journal->last_sequence()));
  }
  EXPECT_TRUE(file_system.content(in_quarantine(segment(1), ".0"))->starts_with("first"));
  EXPECT_TRUE(file_system.content(in_quarantine(segment(1), ".1"))->starts_with("second"));
  EXPECT_EQ(list_damage_notes(file_system, kFolder)->size(), 2U);
}

// Power lost at each operation of opening, going on, and setting aside: what could be read stays
// readable until it is dropped, and the damaged bytes are always somewhere.
TEST(GroupJournalSalvage, APowerLossAtAnyOperationLosesNothingMore) {
  int num_points = 0;
  for (std::uint64_t seed = 1; seed <= 60U / kSlowness; ++seed) {
    for (std::uint64_t operation = 1;; ++operation) {
      SimulatedFileSystem file_system;
      write_journal(file_system);
      SeededRandom random(seed * 1'000 + operation);
      const std::uint64_t first = segments(file_system)[random.below(3)];
      const std::size_t size = file_system.content(segment(first))->size();
      file_system.flip_byte(segment(first), random.below(size - 16));
      const std::string damaged = *file_system.content(segment(first));
      Records expected;
      ASSERT_TRUE(open_journal(file_system, expected));
      // A second life in which the note is there already, or a first.
      if (random.below(2) == 0) {
        file_system.kill();
      } else {
        file_system.crash(random);
      }
      file_system.cut_power_at(file_system.num_operations() + operation);
      bool is_appended = false;
      bool is_dropping = false;
      bool is_done = false;
      {
        Records found;
        auto journal = open_journal(file_system, found);
        if (journal) {
          EXPECT_EQ(found, expected);
          is_appended = (*journal)->append(as_bytes("next")).has_value();
          is_dropping = is_appended;
          is_done = is_appended && (*journal)->drop_through((*journal)->last_sequence());
        }
      }
      file_system.crash(random);
      ++num_points;
      Records after;
      ASSERT_TRUE(open_journal(file_system, after)) << seed << " " << operation;
      if (!is_dropping) {
        for (const auto& [sequence, record] : expected) {
          ASSERT_EQ(after[sequence], record) << seed << " " << operation;
        }
      }
      const auto kept = file_system.content(in_quarantine(segment(first), ".0"));
      const auto in_place = file_system.content(segment(first));
      ASSERT_TRUE(kept == damaged || in_place == damaged) << seed << " " << operation;
      ASSERT_FALSE(list_damage_notes(file_system, kFolder)->empty()) << seed << " " << operation;
      ASSERT_FALSE(HasFailure());
      if (is_done) break;
    }
  }
  EXPECT_GT(num_points, 1'000 / kSlowness);
}

}  // namespace
}  // namespace assay::files

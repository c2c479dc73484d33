#include "core/random.h"
#include "files/atomic_file.h"
#include "files/group_journal.h"
#include "files/testing/damaged_journal.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

// A journal as others read it, whole or not.

namespace assay::files {
namespace {

using namespace assay::literals;
using namespace files::testing;

TEST(GroupJournalRead, FindsWhatOpeningFindsAndChangesNothing) {
  SimulatedFileSystem good;
  write_journal(good);
  const auto written = contents(good);
  ASSERT_EQ(written.size(), 3U);
  for (const auto& [name, content] : written) {
    for (std::size_t offset = 0; offset < content.size(); ++offset) {
      SimulatedFileSystem damaged;
      for (const auto& [other, bytes] : written) {
        ASSERT_TRUE(write_file(damaged, std::filesystem::path(kFolder) / other, bytes));
      }
      damaged.flip_byte(std::filesystem::path(kFolder) / name, offset);
      const auto before = contents(damaged);
      Records read;
      const auto reading = read_group_journal(
          damaged, kFolder, {},
          [&read](std::uint64_t sequence, std::span<const std::byte> record) -> Status {
            EXPECT_TRUE(read.emplace(sequence, as_text(record)).second) << sequence;
            return {};
          });
      EXPECT_EQ(contents(damaged), before);
      Records opened;
      const auto journal = open_journal(damaged, opened);
      ASSERT_EQ(reading.has_value(), journal.has_value()) << name << " " << offset;
      if (!journal) continue;
      EXPECT_EQ(read, opened) << name << " " << offset;
      EXPECT_EQ(reading->torn_tail, (*journal)->recovery().torn_tail);
      ASSERT_EQ(reading->damage.size(), (*journal)->recovery().damage.size());
      for (std::size_t i = 0; i < reading->damage.size(); ++i) {
        EXPECT_EQ(reading->damage[i].lost, (*journal)->recovery().damage[i].lost);
      }
    }
  }
}

TEST(GroupJournalRead, ReadsOneThatIsBeingWritten) {
  SimulatedFileSystem file_system;
  Records seen;
  const auto journal = open_journal(file_system, seen).value();
  append_all(*journal, {"a", "b"});
  Records read;
  const auto reading = read_group_journal(
      file_system, kFolder, {},
      [&read](std::uint64_t sequence, std::span<const std::byte> record) -> Status {
        read.emplace(sequence, as_text(record));
        return {};
      });
  ASSERT_TRUE(reading);
  EXPECT_EQ(read, (Records{{1, "a"}, {2, "b"}}));
  append_all(*journal, {"c"});
}

}  // namespace
}  // namespace assay::files

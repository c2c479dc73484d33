/// \file
/// A journal of three segments to do damage to, and what is found in it afterwards.

#pragma once

#include "files/group_journal.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::files::testing {

using Records = std::map<std::uint64_t, std::string>;

inline constexpr std::string_view kFolder = "data/journal";

inline Result<std::unique_ptr<GroupJournal>> open_journal(FileSystem& file_system, Records& records,
                                                          const GroupJournalOptions& options = {}) {
  records.clear();
  return GroupJournal::open(
      file_system, kFolder, options,
      [&records](std::uint64_t sequence, std::span<const std::byte> record) -> Status {
        EXPECT_TRUE(records.empty() || sequence > records.rbegin()->first) << sequence;
        records.emplace(sequence, as_text(record));
        return {};
      });
}

inline std::filesystem::path segment(std::uint64_t first) {
  const std::string digits = std::to_string(first);
  return std::filesystem::path(kFolder) /
         (std::string(20 - digits.size(), '0') + digits + ".journal");
}

inline std::filesystem::path in_quarantine(const std::filesystem::path& path,
                                           std::string_view suffix) {
  return std::filesystem::path(kFolder) / "quarantine" /
         (path.filename().native() + std::string(suffix));
}

inline const Records kWritten = {{1, "0123456789"}, {2, "0123456789"}, {3, "c"}, {4, "0123456789"},
                                 {5, "0123456789"}, {6, "f"},          {7, "g"}};

// Three segments, of records 1 to 2, 3 to 5 and 6 to 7; all but the last mark are in place.
inline void write_journal(SimulatedFileSystem& file_system) {
  Records records;
  auto journal = open_journal(file_system, records, {.segment_size = ByteCount(60)}).value();
  for (const auto& [sequence, record] : kWritten) {
    ASSERT_EQ(journal->append(as_bytes(record)).value(), sequence);
  }
}

inline std::vector<std::uint64_t> segments(FileSystem& file_system) {
  std::vector<std::uint64_t> found;
  const auto names = file_system.list(kFolder);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (name.ends_with(".journal")) found.push_back(std::stoull(name));
  }
  return found;
}

inline std::uint64_t num_lost(const GroupJournalRecovery& recovery) {
  std::uint64_t count = 0;
  for (const JournalDamage& damage : recovery.damage) {
    for (const LostRecords& lost : damage.lost) count += lost.num_at_most;
  }
  return count;
}

// What is there is what was written, but for at most `num_lost` records.
inline void check_found(const Records& found, std::size_t num_lost) {
  EXPECT_GE(found.size() + num_lost, kWritten.size());
  for (const auto& [sequence, record] : found) {
    const auto written = kWritten.find(sequence);
    ASSERT_NE(written, kWritten.end()) << sequence;
    EXPECT_EQ(record, written->second) << sequence;
  }
}

inline std::vector<std::string> segment_names(FileSystem& file_system) {
  auto names = file_system.list(kFolder).value();
  std::erase(names, "lock");
  return names;
}

inline void append_all(GroupJournal& journal, std::initializer_list<std::string_view> records) {
  for (const auto record : records) {
    const auto sequence = journal.append(as_bytes(record));
    ASSERT_TRUE(sequence) << sequence.error().message;
  }
}

inline std::map<std::string, std::string> contents(SimulatedFileSystem& file_system) {
  std::map<std::string, std::string> found;
  for (const auto& name : segment_names(file_system)) {
    found[name] = file_system.content(std::filesystem::path(kFolder) / name).value_or("");
  }
  return found;
}

}  // namespace assay::files::testing

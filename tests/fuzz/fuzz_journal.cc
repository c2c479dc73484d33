/// \file
/// Fuzzes the opening of a journal: whatever the bytes, what was recovered once is recovered again.

#include "core/check.h"
#include "files/journal.h"
#include "files/testing/simulated_file_system.h"
#include "fuzz_target.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fuzz_journal {
namespace {

using assay::files::Journal;

/// All records, or nothing when the journal cannot be opened.
assay::Result<std::vector<std::string>> recover(assay::files::FileSystem& file_system) {
  std::vector<std::string> records;
  const auto journal = Journal::open(file_system, "/journal",
                                     [&](std::span<const std::byte> record) -> assay::Status {
                                       records.emplace_back(assay::as_text(record));
                                       return {};
                                     });
  if (!journal) return journal.error();
  CHECK(journal->recovery().num_records == records.size(), "every record was handed over");
  return records;
}

}  // namespace

FUZZ_TARGET(journal) {
  assay::files::testing::SimulatedFileSystem file_system;
  {
    auto file = file_system.open("/journal", assay::files::OpenMode::kAppend);
    CHECK(file.has_value(), "a file in memory can be made");
    CHECK((*file)->append(std::as_bytes(std::span(data, size))).has_value(), "and written");
  }
  const auto first = recover(file_system);
  if (!first) return 0;
  const auto second = recover(file_system);
  CHECK(second.has_value() && *second == *first, "opening a journal loses nothing");
  return 0;
}

}  // namespace fuzz_journal

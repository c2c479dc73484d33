/// \file
/// Fuzzes the opening of a journal of several segments: whatever the bytes, what was recovered once
/// is recovered again, also of damaged segments, and the journal goes on behind it.
///
/// Input: the bytes of each segment, between them the separator `|SEG` and one byte: by how much
/// the next segment's first sequence is higher.

#include "core/check.h"
#include "files/group_journal.h"
#include "files/testing/simulated_file_system.h"
#include "fuzz_target.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz_group_journal {
namespace {

using assay::files::GroupJournal;
using Records = std::vector<std::string>;

constexpr std::string_view kSeparator = "|SEG";

/// Opens the journal, adds `more` if that is not empty, and gives all records.
assay::Result<Records> recover(assay::files::FileSystem& file_system, std::string_view more) {
  Records records;
  std::uint64_t last = 0;
  const auto journal = GroupJournal::open(
      file_system, "/journal", {.segment_size = assay::ByteCount(100)},
      [&](std::uint64_t sequence, std::span<const std::byte> record) -> assay::Status {
        CHECK(sequence > last, "records come in order");
        last = sequence;
        records.emplace_back(assay::as_text(record));
        return {};
      });
  if (!journal) return journal.error();
  CHECK((*journal)->last_sequence() >= last, "the numbering goes on");
  if (more.empty()) return records;
  const auto sequence = (*journal)->append(assay::as_bytes(more));
  CHECK(sequence.has_value(), "there is space");
  CHECK(*sequence == (*journal)->last_sequence(), "it is the last");
  return records;
}

void write_segment(assay::files::FileSystem& file_system, std::uint64_t first,
                   std::string_view content) {
  auto file = file_system.open(fmt::format("/journal/{:020}.journal", first),
                               assay::files::OpenMode::kAppend);
  CHECK(file.has_value(), "a file in memory can be made");
  CHECK((*file)->append(assay::as_bytes(content)).has_value(), "and written");
}

}  // namespace

FUZZ_TARGET(group_journal) {
  assay::files::testing::SimulatedFileSystem file_system;
  CHECK(file_system.create_folders("/journal").has_value(), "a folder in memory can be made");
  std::string_view rest = assay::as_text(std::as_bytes(std::span(data, size)));
  std::uint64_t first = 1;
  while (true) {
    const std::size_t end = rest.find(kSeparator);
    write_segment(file_system, first, rest.substr(0, end));
    if (end == std::string_view::npos || end + kSeparator.size() >= rest.size()) break;
    rest.remove_prefix(end + kSeparator.size());
    first += 1 + static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
  }
  const auto recovered = recover(file_system, {});
  if (!recovered) return 0;
  Records expected = *recovered;
  for (const std::string_view more : {"one more", "and another", ""}) {
    const auto again = recover(file_system, more);
    if (!more.empty()) expected.emplace_back(more);
    CHECK(again.has_value() && *again == expected, "opening a journal loses nothing");
  }
  return 0;
}

}  // namespace fuzz_group_journal

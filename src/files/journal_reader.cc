#include "core/crc32c.h"
#include "files/journal_format_internal.h"
#include "files/journal_reader_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// What a crash may leave. Between two syncs the system writes blocks back in any order, so after a
// loss of power the bytes since the last sync may be whole, short, or have holes of zeros with
// whole records behind them. All that is legal there and nothing of it was promised: it is cut at
// its first bad record. Before the last sync a bad record is damage to what was promised, and is
// reported, never cut. The two are told apart by marks: once a sync has succeeded, the next bytes
// written are a mark that holds its own offset and so says "all before me was synced". A bad record
// with a mark behind it is damage; without one it is a torn tail.

namespace assay::files {
namespace {

using journal_format::kHeaderSize;
using journal_format::kMarkSize;
using journal_format::kRecordPrefixSize;

constexpr std::size_t kReadSize = std::size_t{1} << 20;

bool is_mark(std::span<const std::byte> bytes, std::uint64_t offset) {
  return bytes.size() >= kMarkSize &&
         std::ranges::equal(bytes.first(kMarkSize), journal_format::mark(offset));
}

// Whether these are all the bytes of a file whose first write, the header, was cut by a crash.
bool is_unfinished_header(std::span<const std::byte> bytes) {
  const auto header = journal_format::header();
  if (bytes.size() > kHeaderSize) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != header[i] && bytes[i] != std::byte{0}) return false;
  }
  return bytes.size() < kHeaderSize || bytes[0] == std::byte{0};
}

}  // namespace

// The bytes from `offset` on: `length` of them, or fewer at the end of the file. Reads forwards
// through a window that grows to what is asked for.
Result<std::span<const std::byte>> JournalReader::at(std::uint64_t offset, std::size_t length) {
  const bool is_inside =
      offset >= window_start_ && offset + length <= window_start_ + window_.size();
  if (!is_inside && !(window_at_end_ && offset >= window_start_)) {
    window_.resize(std::max(length, kReadSize));
    ASSIGN_OR_RETURN(const std::size_t got, file_->read_at(offset, window_));
    window_at_end_ = got < window_.size();
    window_.resize(got);
    window_start_ = offset;
  }
  const auto skipped =
      static_cast<std::size_t>(std::min<std::uint64_t>(offset - window_start_, window_.size()));
  return std::span<const std::byte>(window_).subspan(skipped,
                                                     std::min(length, window_.size() - skipped));
}

// Wherever it begins.
Result<bool> JournalReader::has_mark_behind(std::uint64_t offset) {
  while (true) {
    ASSIGN_OR_RETURN(const auto bytes, at(offset, kReadSize));
    for (std::size_t i = 0; i + kMarkSize <= bytes.size(); ++i) {
      if (bytes[i] == std::byte{0xFF} && is_mark(bytes.subspan(i), offset + i)) return true;
    }
    if (bytes.size() < kReadSize) return false;
    offset += kReadSize - kMarkSize + 1;
  }
}

Result<JournalHeader> JournalReader::read_header() {
  ASSIGN_OR_RETURN(const auto head, at(0, kHeaderSize + 1));
  if (is_unfinished_header(head)) return JournalHeader::kUnfinished;
  const auto header = journal_format::header();
  if (head.size() < kHeaderSize || !std::ranges::equal(head.first(8), std::span(header).first(8))) {
    return invalid_input(fmt::format(
        "{} is not a journal of this program; give another path or move it away", name_));
  }
  const auto version = journal_format::load<std::uint32_t>(head.data() + 8);
  if (crc32c(head.first(12)) != journal_format::load<std::uint32_t>(head.data() + 12)) {
    return corrupt(fmt::format("journal {}: the header does not check", name_));
  }
  if (version != journal_format::kVersion) {
    return invalid_input(fmt::format(
        "journal {} has version {}, this program reads version {}; use the program that wrote it",
        name_, version, journal_format::kVersion));
  }
  position_ = kHeaderSize;
  return JournalHeader::kGood;
}

Result<JournalEntry> JournalReader::next() {
  ASSIGN_OR_RETURN(const auto prefix, at(position_, kMarkSize));
  if (prefix.empty()) return JournalEntry{.kind = JournalEntry::Kind::kEnd};
  if (is_mark(prefix, position_)) {
    position_ += kMarkSize;
    return JournalEntry{.kind = JournalEntry::Kind::kMark, .size = kMarkSize};
  }
  if (prefix.size() < kRecordPrefixSize) return JournalEntry{};
  const auto length = journal_format::load<std::uint32_t>(prefix.data());
  if (length > kMaxJournalRecord.count()) return JournalEntry{};
  ASSIGN_OR_RETURN(const auto whole, at(position_, kRecordPrefixSize + length));
  if (whole.size() < kRecordPrefixSize + length) return JournalEntry{};
  const auto payload = whole.subspan(kRecordPrefixSize);
  if (!std::ranges::equal(whole.first(kRecordPrefixSize), journal_format::record_prefix(payload))) {
    return JournalEntry{};
  }
  position_ += whole.size();
  return JournalEntry{
      .kind = JournalEntry::Kind::kRecord, .size = whole.size(), .payload = payload};
}

Status JournalReader::check_that_the_tail_is_torn() {
  ASSIGN_OR_RETURN(const bool was_synced, has_mark_behind(position_ + 1));
  if (was_synced) return damage();
  return {};
}

Error JournalReader::damage() const {
  return corrupt(
      fmt::format("journal {}: the record at byte {} is damaged; it was whole once, and {} good "
                  "bytes precede it",
                  name_, position_, position_));
}

}  // namespace assay::files

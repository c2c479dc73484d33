#include "files/journal_format_internal.h"
#include "files/journal_reader_internal.h"
#include "files/journal_segments_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Why no crash loses or doubles a record, over several files. A segment is begun only when the one
// before it is on disk whole, and its name, its first sequence, says how many records that one
// holds: all of them were synced, so that a bad one is damage, and what stands behind them was
// refused. Records are written to a segment only when its header and its name are on disk. Old
// segments go one by one from the front, the folder synced after each, so that a crash leaves no
// gap. The last one always stays: its name carries the numbering on.

namespace assay::files {
namespace {

namespace fs = std::filesystem;
using journal_format::kHeaderSize;
using journal_format::kMarkSize;
static_assert(JournalSegments::kReservedSize == kMarkSize);

constexpr std::size_t kNumDigits = 20;
constexpr std::string_view kSuffix = ".journal";

}  // namespace

Result<std::optional<Error>> damage_or_failure(const Error& error) {
  const bool is_damage =
      error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kInvalidInput;
  if (!is_damage) return error;
  return std::optional(error);
}

std::optional<std::uint64_t> first_sequence_of(std::string_view name) {
  if (name.size() != kNumDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t sequence = 0;
  const char* end = name.data() + kNumDigits;
  const auto parsed = std::from_chars(name.data(), end, sequence);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return sequence;
}

std::string segment_name(std::uint64_t first_sequence) {
  return fmt::format("{:020}{}", first_sequence, kSuffix);
}

fs::path JournalSegments::path_of(std::uint64_t first_sequence) const {
  return folder_ / segment_name(first_sequence);
}

Result<std::unique_ptr<JournalSegments>> JournalSegments::open(
    FileSystem& file_system, const fs::path& folder, const GroupJournalOptions& options,
    const GroupJournal::OnRecord& on_record) {
  RETURN_IF_ERROR(file_system.create_folders(folder));
  std::unique_ptr<JournalSegments> segments(new JournalSegments(file_system, folder, options));
  ASSIGN_OR_RETURN(segments->lock_, file_system.lock(folder / "lock"));
  RETURN_IF_ERROR(segments->find_segments());
  RETURN_IF_ERROR(segments->recover(on_record));
  return segments;
}

JournalSegments::~JournalSegments() {
  if (file_ == nullptr || broken_ || is_closing_ || !owes_a_mark()) return;
  // A part of a mark is a torn tail, and costs nothing.
  static_cast<void>(file_->append(journal_format::mark(size_)));
}

Status JournalSegments::find_segments() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_->list(folder_));
  for (const std::string& name : names) {
    const auto first = first_sequence_of(name);
    if (first == 0) {
      return corrupt(fmt::format("journal {}: numbering begins with 1; move this file away",
                                 path_of(*first).native()));
    }
    if (first) first_sequences_.push_back(*first);
  }
  // By name is by number: all have as many digits.
  std::ranges::sort(first_sequences_);
  return {};
}

Status JournalSegments::recover(const GroupJournal::OnRecord& on_record) {
  if (first_sequences_.empty()) return begin_segment();
  recovery_.first_sequence = first_sequences_.front();
  last_sequence_ = first_sequences_.front() - 1;
  for (std::size_t i = 0; i + 1 < first_sequences_.size(); ++i) {
    RETURN_IF_ERROR(recover_closed(first_sequences_[i], first_sequences_[i + 1], on_record));
  }
  RETURN_IF_ERROR(recover_open(on_record));
  recovery_.num_segments = first_sequences_.size();
  last_synced_sequence_ = last_sequence_;
  return {};
}

Result<std::optional<Error>> JournalSegments::read_closed(std::uint64_t first,
                                                          std::uint64_t next_first,
                                                          const GroupJournal::OnRecord& on_record) {
  const fs::path path = path_of(first);
  ASSIGN_OR_RETURN(const auto file, file_system_->open(path, OpenMode::kRead));
  JournalReader reader(*file, path.native());
  const auto header = reader.read_header();
  if (!header) return damage_or_failure(header.error());
  if (*header == JournalHeader::kUnfinished) {
    return std::optional(
        corrupt(fmt::format("journal {}: it has no header, but {} follows it", path.native(),
                            path_of(next_first).filename().native())));
  }
  while (last_sequence_ + 1 < next_first) {
    ASSIGN_OR_RETURN(const JournalEntry entry, reader.next());
    if (entry.kind == JournalEntry::Kind::kBad) return std::optional(reader.damage());
    if (entry.kind == JournalEntry::Kind::kEnd) {
      return std::optional(corrupt(fmt::format(
          "journal {}: it ends with record {}, but the next file is {}: it was cut, or files "
          "between the two are missing",
          path.native(), last_sequence_, path_of(next_first).filename().native())));
    }
    if (entry.kind != JournalEntry::Kind::kRecord) continue;
    RETURN_IF_ERROR(on_record(++last_sequence_, entry.payload));
    ++recovery_.num_records;
  }
  return std::optional<Error>();
}

Status JournalSegments::recover_closed(std::uint64_t first, std::uint64_t next_first,
                                       const GroupJournal::OnRecord& on_record) {
  ASSIGN_OR_RETURN(const auto damage, read_closed(first, next_first, on_record));
  if (!damage) return {};
  return salvage(first, next_first, *damage, on_record);
}

Result<std::optional<Error>> JournalSegments::read_open(const GroupJournal::OnRecord& on_record) {
  const fs::path path = path_of(first_sequences_.back());
  ASSIGN_OR_RETURN(file_, file_system_->open(path, OpenMode::kAppend));
  JournalReader reader(*file_, path.native());
  const auto header = reader.read_header();
  if (!header) return damage_or_failure(header.error());
  if (*header == JournalHeader::kUnfinished) {
    RETURN_IF_ERROR(write_header());
    return std::optional<Error>();
  }
  proven_ = kHeaderSize;
  while (true) {
    ASSIGN_OR_RETURN(const JournalEntry entry, reader.next());
    if (entry.kind == JournalEntry::Kind::kEnd) break;
    if (entry.kind == JournalEntry::Kind::kBad) {
      const auto is_torn = reader.check_that_the_tail_is_torn();
      if (!is_torn) return damage_or_failure(is_torn.error());
      ASSIGN_OR_RETURN(const ByteCount found, file_->size());
      recovery_.torn_tail = found - ByteCount(reader.position());
      RETURN_IF_ERROR(file_->truncate(ByteCount(reader.position())));
      break;
    }
    if (entry.kind == JournalEntry::Kind::kMark) {
      proven_ = reader.position();
    } else {
      RETURN_IF_ERROR(on_record(++last_sequence_, entry.payload));
      ++recovery_.num_records;
    }
  }
  size_ = reader.position();
  synced_ = size_;
  // The name too: the one who made the file may have died before syncing the folder.
  RETURN_IF_ERROR(file_->sync());
  RETURN_IF_ERROR(file_system_->sync_folder(folder_));
  return std::optional<Error>();
}

Status JournalSegments::recover_open(const GroupJournal::OnRecord& on_record) {
  ASSIGN_OR_RETURN(const auto damage, read_open(on_record));
  if (!damage) return {};
  RETURN_IF_ERROR(salvage(first_sequences_.back(), std::nullopt, *damage, on_record));
  return seal_damaged();
}

// Makes the segment that begins with the next sequence. May be called again after a failure.
Status JournalSegments::begin_segment() {
  const std::uint64_t first = last_sequence_ + 1;
  ASSIGN_OR_RETURN(file_, file_system_->open(path_of(first), OpenMode::kAppend));
  RETURN_IF_ERROR(write_header());
  first_sequences_.push_back(first);
  return {};
}

Status JournalSegments::write_header() {
  RETURN_IF_ERROR(file_->truncate(ByteCount(0)));
  RETURN_IF_ERROR(file_->append(journal_format::header()));
  RETURN_IF_ERROR(sync_file(*file_));
  auto synced = file_system_->sync_folder(folder_);
  if (!synced) return break_with(synced.error());
  size_ = synced_ = proven_ = kHeaderSize;
  return {};
}

Status JournalSegments::close_segment() {
  RETURN_IF_ERROR(sync());
  is_closing_ = true;
  RETURN_IF_ERROR(begin_segment());
  is_closing_ = false;
  return {};
}

Status JournalSegments::write(std::span<std::byte> bytes, std::size_t num_records) {
  RETURN_IF_ERROR(check_not_broken());
  const bool is_full = size_ > options_.segment_size.count() && holds_records();
  if (is_closing_ || is_full) RETURN_IF_ERROR(close_segment());
  std::span<std::byte> written = bytes.subspan(kReservedSize);
  if (owes_a_mark()) {
    std::ranges::copy(journal_format::mark(size_), bytes.begin());
    written = bytes;
  }
  auto appended = file_->append(written);
  if (!appended) return cut_back(std::move(appended.error()));
  if (written.size() == bytes.size()) proven_ = size_ + kMarkSize;
  size_ += written.size();
  last_sequence_ += num_records;
  return {};
}

// Removes what a failed write left, for good: what the caller was refused must not come back.
Status JournalSegments::cut_back(Error reason) {
  const auto cut = file_->truncate(ByteCount(size_));
  if (!cut) return break_with(cut.error());
  RETURN_IF_ERROR(sync_file(*file_));
  synced_ = size_;
  last_synced_sequence_ = last_sequence_;
  return reason;
}

Status JournalSegments::sync() {
  RETURN_IF_ERROR(check_not_broken());
  if (synced_ == size_) return {};
  RETURN_IF_ERROR(sync_file(*file_));
  synced_ = size_;
  last_synced_sequence_ = last_sequence_;
  return {};
}

Status JournalSegments::drop_through(std::uint64_t sequence) {
  RETURN_IF_ERROR(check_not_broken());
  // Before a new file is made: the disk may be full.
  RETURN_IF_ERROR(remove_closed_through(sequence));
  if (is_closing_ || (holds_records() && first_sequences_.back() <= sequence)) {
    RETURN_IF_ERROR(close_segment());
    RETURN_IF_ERROR(remove_closed_through(sequence));
  }
  return {};
}

Status JournalSegments::remove_closed_through(std::uint64_t sequence) {
  while (first_sequences_.size() > 1 && first_sequences_[1] - 1 <= sequence) {
    const std::uint64_t first = first_sequences_.front();
    auto removed =
        damaged_.contains(first) ? set_aside(first) : file_system_->remove(path_of(first));
    if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
    RETURN_IF_ERROR(file_system_->sync_folder(folder_));
    damaged_.erase(first);
    first_sequences_.pop_front();
  }
  return {};
}

Status JournalSegments::sync_file(File& file) {
  ++num_syncs_;
  const auto synced = file.sync();
  // The kernel may now believe the lost pages clean, so that a second sync would lie.
  if (!synced) return break_with(synced.error());
  return {};
}

Error JournalSegments::break_with(const Error& reason) {
  broken_ = unavailable(
      fmt::format("journal {}: {}; what is on disk is known only after opening it again",
                  folder_.native(), reason.message));
  return *broken_;
}

Status JournalSegments::check_not_broken() const {
  if (broken_) return *broken_;
  return {};
}

}  // namespace assay::files

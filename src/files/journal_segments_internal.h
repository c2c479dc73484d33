/// \file
/// The files of a group journal: replay, write, sync, begin the next, remove the old.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"
#include "files/group_journal.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace assay::files {

/// The first sequence that the name of a segment gives, or nothing for another file; and back.
std::optional<std::uint64_t> first_sequence_of(std::string_view name);
std::string segment_name(std::uint64_t first_sequence);

/// What a file is, against what kept it from being read: the latter is the error.
Result<std::optional<Error>> damage_or_failure(const Error& error);

/// Threads: one thread at a time.
/// Errors: those of GroupJournal::append(). After a sync that failed, or a failed write that cannot
///         be cut back, every call gives kUnavailable.
class JournalSegments {
 public:
  /// What write() wants in front of the records: room for a mark.
  static constexpr std::size_t kReservedSize = 16;

  /// Errors: those of GroupJournal::open().
  static Result<std::unique_ptr<JournalSegments>> open(FileSystem& file_system,
                                                       const std::filesystem::path& folder,
                                                       const GroupJournalOptions& options,
                                                       const GroupJournal::OnRecord& on_record);
  JournalSegments(const JournalSegments&) = delete;
  JournalSegments& operator=(const JournalSegments&) = delete;
  /// Leaves a mark for what was synced, so that damage to it is found.
  ~JournalSegments();

  /// Write `num_records` whole records, which begin at kReservedSize in `bytes`. After a failure
  /// none of them is in the journal, also not after a crash, unless it is broken now.
  Status write(std::span<std::byte> bytes, std::size_t num_records);
  /// Return once all that was written is on disk.
  Status sync();
  Status drop_through(std::uint64_t sequence);

  const GroupJournalRecovery& recovery() const { return recovery_; }
  std::uint64_t last_sequence() const { return last_sequence_; }
  std::uint64_t last_synced_sequence() const { return last_synced_sequence_; }
  std::uint64_t num_syncs() const { return num_syncs_; }

 private:
  JournalSegments(FileSystem& file_system, std::filesystem::path folder,
                  const GroupJournalOptions& options)
      : file_system_(&file_system), folder_(std::move(folder)), options_(options) {}

  std::filesystem::path path_of(std::uint64_t first_sequence) const;
  Status find_segments();
  Status recover(const GroupJournal::OnRecord& on_record);
  Status recover_closed(std::uint64_t first, std::uint64_t next_first,
                        const GroupJournal::OnRecord& on_record);
  Status recover_open(const GroupJournal::OnRecord& on_record);
  // Read a segment as far as it is good; what is wrong with it, or nothing.
  Result<std::optional<Error>> read_closed(std::uint64_t first, std::uint64_t next_first,
                                           const GroupJournal::OnRecord& on_record);
  Result<std::optional<Error>> read_open(const GroupJournal::OnRecord& on_record);
  // Read what is behind the damage too. `next_first` as in number_salvage().
  Status salvage(std::uint64_t first, std::optional<std::uint64_t> next_first, const Error& reason,
                 const GroupJournal::OnRecord& on_record);
  Status note(JournalDamage damage, std::string_view name);
  Status seal_damaged();
  Result<std::string> quarantine_name(std::uint64_t first) const;
  Status set_aside(std::uint64_t first);
  Status begin_segment();
  Status close_segment();
  Status remove_closed_through(std::uint64_t sequence);
  Status write_header();
  Status cut_back(Error reason);
  Status sync_file(File& file);
  Error break_with(const Error& reason);
  Status check_not_broken() const;
  bool holds_records() const { return first_sequences_.back() <= last_sequence_; }
  bool owes_a_mark() const { return synced_ == size_ && proven_ < size_; }

  FileSystem* file_system_;
  std::filesystem::path folder_;
  GroupJournalOptions options_;
  std::unique_ptr<FileLock> lock_;  // released after file_ is closed
  std::unique_ptr<File> file_;      // the open segment, the last of first_sequences_
  std::deque<std::uint64_t> first_sequences_;
  std::set<std::uint64_t> damaged_;  // of these, and not yet in quarantine
  GroupJournalRecovery recovery_;
  std::optional<Error> broken_;
  // The next segment may be there by name: nothing may be written to the open one any more.
  bool is_closing_ = false;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_synced_sequence_ = 0;
  std::uint64_t num_syncs_ = 0;
  // Of the open segment:
  std::uint64_t size_ = 0;
  std::uint64_t synced_ = 0;  // all before it is on disk
  std::uint64_t proven_ = 0;  // a mark says so
};

}  // namespace assay::files

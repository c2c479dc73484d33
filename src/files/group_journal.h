/// \file
/// A journal that many threads append to at once, with one write and one sync for all who wait, in
/// segments that go when they are no longer needed. Format: docs/formats/journal.md.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"
#include "files/journal_damage.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace assay::files {

/// When append() returns.
enum class Durability : std::uint8_t {
  kAlways,    ///< When the record is on disk.
  kInterval,  ///< When it is with the operating system; a sync follows within `sync_interval`.
  kNone,      ///< When it is with the operating system.
};

/// What append() does when the queue holds `max_queued` bytes.
enum class WhenFull : std::uint8_t {
  kBlock,
  kRefuse,  ///< kExhausted; counted.
};

/// `always`, `interval` or `none`. Errors: kInvalidInput.
Result<Durability> parse_durability(std::string_view text);
/// `block` or `refuse`. Errors: kInvalidInput.
Result<WhenFull> parse_when_full(std::string_view text);

/// What open() does about a segment that was whole once and is damaged or missing.
enum class WhenDamaged : std::uint8_t {
  /// Hand over every record that can be read, and go on behind it. The damaged file stays, and
  /// moves whole to `quarantine/` when drop_through() would remove it; a note there says what is
  /// lost.
  kSalvage,
  kRefuse,  ///< kCorrupt; nothing is changed.
};

struct GroupJournalOptions {
  Durability durability = Durability::kAlways;
  std::chrono::milliseconds sync_interval{100};
  ByteCount max_queued{std::uint64_t{64} << 20};
  WhenFull when_full = WhenFull::kBlock;
  /// A segment that has grown beyond this is closed and the next begun.
  ByteCount segment_size{std::uint64_t{64} << 20};
  WhenDamaged when_damaged = WhenDamaged::kSalvage;
  /// No record that is appended is shorter: it bounds how many a damaged stretch can have held.
  ByteCount min_record{0};
};

struct GroupJournalCounts {
  std::uint64_t num_accepted = 0;  ///< Taken into the queue.
  std::uint64_t num_durable = 0;
  std::uint64_t num_refused = 0;  ///< Full queue, full disk, broken disk.
  std::uint64_t num_syncs = 0;
  std::uint64_t num_queue_full = 0;  ///< Found the queue full: refused, or waited for room.
};

struct GroupJournalRecovery {
  std::uint64_t num_segments = 0;
  std::uint64_t num_records = 0;
  ByteCount torn_tail;
  std::uint64_t first_sequence = 1;  ///< Of the first segment.
  /// What did not check. It is found again at each opening until drop_through() has passed it.
  std::vector<JournalDamage> damage;
};

/// Records have sequence numbers that rise by one, over all segments, from 1. A segment is a
/// journal file `<first sequence, 20 digits>.journal` in the folder.
///
/// How callers share a sync: the first who waits writes and syncs all that is queued (it leads);
/// those who come meanwhile queue up, and one of them leads next. Nobody waits for a timer.
///
/// A write that fails, for lack of space say, is cut back, refuses the records of that write (each
/// of its callers gets the error) and the journal goes on when there is space. After a sync that
/// failed every later call fails with kUnavailable: what is on disk is known only after opening it
/// again.
///
/// Threads: all calls are safe from any thread.
class GroupJournal {
 public:
  /// Called for each record in order of sequence: at open for what is on disk (the numbers jump
  /// where records are lost), later once for each appended one, after it is as lasting as
  /// `durability` asks and before its append() returns. Never two calls at once. It cannot fail
  /// what is on disk already: after open it must return success. The next write waits for it: keep
  /// it short. It must not call append(), sync() or drop_through().
  using OnRecord = std::function<Status(std::uint64_t sequence, std::span<const std::byte> record)>;

  /// Open or make the journal in `folder`, lock the folder (`lock` in it), replay, cut a torn tail.
  /// Errors: those of Journal::open; kUnavailable when another process has it; kCorrupt when a
  ///         segment is damaged or missing between two others and `when_damaged` refuses that;
  ///         kExhausted when a damaged segment is too large to be looked through.
  static Result<std::unique_ptr<GroupJournal>> open(FileSystem& file_system,
                                                    const std::filesystem::path& folder,
                                                    const GroupJournalOptions& options,
                                                    OnRecord on_record);
  /// Syncs first with Durability::kInterval. No other call may be under way.
  virtual ~GroupJournal() = default;
  GroupJournal(const GroupJournal&) = delete;
  GroupJournal& operator=(const GroupJournal&) = delete;

  /// Add a record and wait as `durability` asks. Returns its sequence number.
  /// Errors: kInvalidInput (over kMaxJournalRecord), kExhausted (queue full), kNoSpace, kDenied,
  ///         kUnavailable. A record that got an error is not in the journal, unless it is
  ///         kUnavailable after a failed sync: then it may be.
  virtual Result<std::uint64_t> append(std::span<const std::byte> record) = 0;
  /// Return once all that was appended before is on disk. Errors: as append().
  virtual Status sync() = 0;
  /// Remove the segments all of whose records are at or below `sequence`: the caller has put them
  /// elsewhere, on disk. The open segment is closed first if any of its records is. After an error
  /// some may be gone; call again. Errors: kDenied, kUnavailable, kNoSpace.
  virtual Status drop_through(std::uint64_t sequence) = 0;
  /// Of the last record whose append() succeeded, or is about to; 0 before the first.
  virtual std::uint64_t last_sequence() const = 0;
  virtual const GroupJournalRecovery& recovery() const = 0;
  virtual GroupJournalCounts counts() const = 0;

 protected:
  GroupJournal() = default;
};

/// Hand over every record that can be read of the journal in `folder`, in order of sequence, as
/// open() does, but without its lock and without changing anything: of a journal that is another's,
/// or that a process is writing. What is wrong with it is in `damage`, a torn tail is passed over.
/// Errors: what `on_record` returns; kNotFound (no such folder), kDenied, kUnavailable (its writer
///         removed a segment meanwhile: begin anew), kExhausted (a damaged segment too large to be
///         looked through).
Result<GroupJournalRecovery> read_group_journal(FileSystem& file_system,
                                                const std::filesystem::path& folder,
                                                ByteCount min_record,
                                                const GroupJournal::OnRecord& on_record);

}  // namespace assay::files

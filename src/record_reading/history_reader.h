/// \file
/// Reads every record of a data folder: the current file, the months, archives, compressed or not,
/// with feedback that came late merged in.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "records/record_fields.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::record_reading {

/// What was wrong with lines, by kind; counted, never fatal.
struct LineCounts {
  std::uint64_t num_records = 0;  ///< Handed to on_record.
  std::uint64_t num_outside = 0;  ///< Read, and left out as before `since` or without a time.
  std::uint64_t num_blank = 0;
  std::uint64_t num_bad_json = 0;
  std::uint64_t num_bad_utf8 = 0;
  std::uint64_t num_no_object = 0;
  std::uint64_t num_too_long = 0;         ///< Over json::kMaxLineSize.
  std::uint64_t num_nan = 0;              ///< Read all the same.
  std::uint64_t num_big_integer = 0;      ///< Read all the same.
  std::uint64_t num_lone_surrogate = 0;   ///< Read all the same.
  std::uint64_t num_bad_timestamp = 0;    ///< Read; outside of every window of time.
  std::uint64_t num_no_offset = 0;        ///< Timestamps without an offset, taken as UTC.
  std::uint64_t num_missing_section = 0;  ///< Records that lack a section, or have no object there.
  std::uint64_t num_duplicate = 0;        ///< Of an id of which another line counts.
  std::uint64_t num_late_feedback = 0;    ///< Records whose feedback was merged in.

  LineCounts& operator+=(const LineCounts& other);
  /// Lines that gave no record.
  std::uint64_t num_lost() const {
    return num_bad_json + num_bad_utf8 + num_no_object + num_too_long;
  }
};

struct ReadOptions {
  /// Only records of this instant or later; a file whose records are all older, by
  /// history_index.json or else by the month in its name, is not opened.
  std::optional<Timestamp> since = std::nullopt;
  /// Workers that parse blocks of lines, the calling thread among them. 1 at least.
  unsigned num_threads = 1;
  /// Only these fields are needed; others may stay absent. Empty for all.
  std::vector<records::RecordField> fields = {};
  /// Of two records of one id the last counts. That there are two is known when one was handed
  /// over: then this is called, between two records, all is handed over once more, and the callee
  /// forgets what it had. Without it the first counts, with several threads any.
  std::function<void()> start_over = {};
  /// Called after each block of lines by the worker that read it, in the order of the blocks and
  /// one call at a time: what on_record() puts aside for each worker can leave in the order of the
  /// history, whatever the number of threads.
  std::function<Status(unsigned worker)> block_done = {};
};

/// Called for each record with the worker's number in [0, num_threads), one call of a worker at a
/// time. Order: with one thread, by file and line; `ordinal` rises with file and line at any number
/// of threads.
using OnRecord = std::function<Status(const records::RecordView& record, unsigned worker,
                                      std::uint64_t ordinal)>;

/// Read all records under `folder`. Late feedback (generation_feedback.jsonl) replaces the feedback
/// fields of its record, and where the PLY file went in the end those of the file. Of records of
/// one id the last counts, in the order of months and lines (see start_over). All that was there
/// when it began is read, once, also while a rotation goes on.
/// Memory: a few MiB a worker, 24 to 48 bytes a record, and the late feedback.
/// Errors: kNotFound (no such folder, or no history in it: the message says what was looked for),
///         kDenied, kUnavailable, kCancelled, kCorrupt (a compressed file that is broken), and what
///         `on_record` and `block_done` return.
Result<LineCounts> read_history(files::FileSystem& file_system, const std::filesystem::path& folder,
                                const ReadOptions& options, const OnRecord& on_record,
                                const std::stop_token& stop);

/// A file of records under a data folder.
struct HistoryFile {
  std::filesystem::path path = {};
  std::string month = {};      ///< `2025-11`, or empty for the current file.
  bool is_compressed = false;  ///< .gz or .zst
};

/// The files of records under `folder`, oldest month first, the current file last.
/// Errors: kDenied, kUnavailable; no file is an empty list.
Result<std::vector<HistoryFile>> find_history_files(files::FileSystem& file_system,
                                                    const std::filesystem::path& folder);

}  // namespace assay::record_reading

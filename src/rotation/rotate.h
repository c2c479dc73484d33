/// \file
/// Moves records of past months out of the current file, compresses old months, archives older
/// ones.

#pragma once

#include "compress/stream.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::rotation {

struct RotateOptions {
  /// Of months that are compressed now; those that are compressed already stay as they are.
  compress::Format format = compress::Format::kGzip;
  /// Whole months between the month of a file and now, beyond which it is compressed.
  int compress_after_months = 3;
  /// The same for moving it to `archive/`.
  int archive_after_months = 6;
};

/// A file of one month that was written.
struct RotatedMonth {
  std::string month;                            ///< `2025-11`.
  std::filesystem::path file;                   ///< Relative to the data folder.
  std::uint64_t num_moved = 0;                  ///< Lines that came from the current file.
  std::uint64_t num_lines = 0;                  ///< All lines in it now.
  std::vector<std::filesystem::path> replaced;  ///< Files whose lines it took over, now removed.
};

/// A file that was left as it is.
struct RotateProblem {
  std::filesystem::path file;
  std::string message;
};

struct RotateReport {
  bool was_handed_over = false;      ///< A running recorder did it.
  std::vector<RotatedMonth> months;  ///< Order: by month.
  std::vector<RotateProblem> problems;
  std::uint64_t num_moved = 0;         ///< Lines that left the current file.
  std::uint64_t num_kept = 0;          ///< Lines that stay in it.
  std::uint64_t num_duplicate = 0;     ///< Lines that stood twice, byte for byte, and now once.
  std::uint64_t num_without_time = 0;  ///< Records without a readable timestamp: they stay.
  std::uint64_t num_unreadable = 0;    ///< Lines that are no JSON: kept beside their neighbours.
};

/// Rotate the data folder `folder`, under its lock.
///
/// Each record of a UTC month before that of `clock` goes to generation_history_YYYY-MM.jsonl,
/// beside what is there; a line that is no JSON goes where the record before it goes. A file is
/// written whole under another name, synced, read back and compared, renamed, and only then is what
/// it replaces removed: after a kill at any moment every line is in some file, perhaps in two, and
/// the next rotate leaves one. Two records of one id that differ are both kept, in the same order:
/// the later one goes to no earlier file than the one before it, so that the same one counts. A
/// month whose file cannot be read is left alone and told in `problems`; its records stay in the
/// current file.
/// Errors: kNotFound (no such folder), kUnavailable (another process has the folder), kNoSpace,
///         kDenied, kCancelled, kCorrupt (what was written reads back differently).
Result<RotateReport> rotate(files::FileSystem& file_system, const std::filesystem::path& folder,
                            Clock& clock, const RotateOptions& options,
                            const std::stop_token& stop);

/// What rotate_locked() does of it.
enum class RotatePart : std::uint8_t {
  kAll,
  kLeaving,  ///< Move lines out of the current file, to which nothing may be appended
             ///< meanwhile.
  kMonths,   ///< The rest: compress and archive. The current file is not looked at.
};

/// The same by the one who holds the lock; two calls at a time are one too many.
/// Errors: as rotate(), and kUnavailable when the current file changed all the same.
Result<RotateReport> rotate_locked(files::FileSystem& file_system,
                                   const std::filesystem::path& folder, Timestamp now,
                                   const RotateOptions& options, const std::stop_token& stop,
                                   RotatePart part = RotatePart::kAll);

}  // namespace assay::rotation

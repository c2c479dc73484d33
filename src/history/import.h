/// \file
/// Merges the history of another folder into this one.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "history/backup.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

/// What was not taken. Order: that of the report.
enum class NotTakenKind : std::uint8_t {
  kOtherRecord,     ///< A record whose id is here with another content: kept as here.
  kOtherFeedback,   ///< Late feedback that contradicts what is here: kept as here.
  kBadLine,         ///< A line that is no JSON object.
  kNoId,            ///< A line without the id of a generation.
  kUnreadable,      ///< A file there that cannot be read, or not to its end.
  kOpenGeneration,  ///< A generation that has no record yet.
  kMissingFile,     ///< An image or PLY file that a new record names, and that is not there.
  kWrongContent,    ///< One that is there with another hash than the record says.
  kOtherFile,       ///< One whose name a file with another content has here.
  kUnsafePath,      ///< One that lies elsewhere than in images/ and ply_files/.
  kWaitingFile,     ///< A PLY file that waits for feedback, and whose record was not taken.
};
inline constexpr std::size_t kNumNotTakenKinds = 11;

struct NotTaken {
  NotTakenKind kind = NotTakenKind::kOtherRecord;
  std::string path;    ///< The file it stands in, or the image or PLY file.
  std::string detail;  ///< The generation's id, the line, the reason.
};

struct ImportOptions {
  RunMode mode = RunMode::kReal;
  /// Of one kind that are kept with their facts; the rest is only counted.
  std::size_t max_listed = 1000;
};

/// A file that lines were added to.
struct GrownFile {
  std::string path;  ///< Relative to the data folder.
  std::uint64_t num_added = 0;
};

struct ImportReport {
  std::uint64_t num_imported = 0;           ///< Records.
  std::uint64_t num_present = 0;            ///< Records that are here with the same bytes.
  std::uint64_t num_feedback_imported = 0;  ///< Lines of late feedback.
  std::uint64_t num_feedback_present = 0;
  std::uint64_t num_files_copied = 0;  ///< Images and PLY files.
  std::uint64_t num_files_present = 0;
  std::uint64_t num_files_unverified = 0;  ///< Of the copied: no hash is known.
  ByteCount size_copied;
  std::vector<GrownFile> files;  ///< Order: by path.
  std::array<std::uint64_t, kNumNotTakenKinds> counts{};
  std::vector<NotTaken> not_taken;  ///< Order: by kind, then as met.

  std::uint64_t num_not_taken() const;
};

/// Merge `from` into the data folder `folder`, under its lock: a data folder, or one file of
/// records or of late feedback, by its name compressed or not.
///
/// What stands in the journal of `from` alone, because its recorder was killed or is at work,
/// counts as if it stood in the files; nothing is written there.
///
/// A record whose id is not here is added, as its line stands, to the file of its month, of several
/// lines of one id the last; late feedback of an id where all that is here is the beginning of what
/// is there. Images and PLY files that they name are copied first, each with its hash checked; a
/// record is taken also when its files are not to be had. A PLY file that waits for the feedback of
/// such a record waits here too. Nothing here is changed or removed. Files appear whole, and the
/// same import again after a kill goes on where it was. Files that prune deleted here stay deleted.
/// Memory: some 150 bytes a record here and there.
/// Errors: kNotFound (no such folder, no history in it), kInvalidInput (`from` is `folder`, or
///         neither file nor folder), kUnavailable (a recorder is running; a file changed
///         meanwhile), kCorrupt and kExhausted (a file of records here cannot be read: nothing was
///         imported), kNoSpace, kDenied, kCancelled.
Result<ImportReport> import_history(files::FileSystem& file_system,
                                    const std::filesystem::path& folder,
                                    const std::filesystem::path& from, Clock& clock,
                                    const ImportOptions& options, const std::stop_token& stop);

/// `other_record` and so on, as the JSON form has it.
std::string_view to_string(NotTakenKind kind);

/// For people: what came, what did not, and what to do about it.
std::string to_text(const ImportReport& report, RunMode mode);
std::string to_json(const ImportReport& report);

}  // namespace assay::history

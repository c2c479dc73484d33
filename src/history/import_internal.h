/// \file
/// The parts of an import: where it reads, what it adds to, the files that records name.

#pragma once

#include "derivation/journal_replay.h"
#include "history/import.h"
#include "record_files/line_hash.h"
#include "record_files/record_scan.h"
#include "rotation/rotate_month.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

inline constexpr std::string_view kWaitingPlyFolder = "ply_files/pending";

/// What the report says of one thing that was not taken.
void add_not_taken(ImportReport& report, const ImportOptions& options, NotTaken not_taken);

/// The files that an import reads.
struct ImportSource {
  std::filesystem::path folder;  ///< What the records' paths are relative to.
  /// In the order of readers: the last record of an id counts.
  std::vector<std::filesystem::path> records;
  std::optional<std::filesystem::path> feedback;
  std::optional<std::filesystem::path> pending;
  /// PLY files that wait for feedback, relative to `folder`.
  std::vector<std::string> waiting_ply;
  bool is_folder = false;
  /// What the journal says beyond these files: they are read after it, so that nothing is missed
  /// that moves from one to the others meanwhile.
  std::optional<derivation::JournalReplay> journal;
};
/// Errors: kNotFound, kInvalidInput, kDenied, kUnavailable.
Result<ImportSource> find_import_source(files::FileSystem& file_system,
                                        const std::filesystem::path& from);

/// Files of lines to which lines are added, each replaced as a whole.
/// Threads: one thread at a time.
class GrowingFiles {
 public:
  GrowingFiles(files::FileSystem& file_system, const std::filesystem::path& folder, RunMode mode,
               const std::stop_token& stop);

  /// Add a line to the file at `path`, relative to the folder. Errors: as StagedLines::verify.
  Status add(const std::filesystem::path& path, std::string_view line);
  /// Put the new files in place and tell them. Errors: as StagedLines::verify, and kUnavailable
  /// when somebody wrote to a file meanwhile.
  Status commit(std::vector<GrownFile>& grown);

 private:
  struct Growing {
    std::optional<rotation::StagedLines> staged;  // nothing in a dry run
    std::optional<ByteCount> size_before;         // nothing when the file is new
    std::uint64_t num_added = 0;
  };
  Result<Growing> begin(const std::filesystem::path& path);

  files::FileSystem& file_system_;
  const std::filesystem::path& folder_;
  const RunMode mode_;
  const std::stop_token& stop_;
  std::map<std::filesystem::path, Growing> files_;
};

/// Copies the images and PLY files that records name. Threads: one thread at a time.
class NamedFileImport {
 public:
  /// Whether the line that names a file is new here.
  enum class Naming : std::uint8_t { kNew, kPresent };

  NamedFileImport(files::FileSystem& file_system, const std::filesystem::path& from,
                  const std::filesystem::path& folder, const ImportOptions& options,
                  const std::stop_token& stop, ImportReport& report);

  /// Learn what prune deleted. Errors: those of read_lines().
  Status begin();
  /// Copy a file unless it is here; an empty path names none. What is the matter with a file there
  /// is told in the report. Errors: of writing here, and kCancelled.
  Status take(const std::string& path, const std::string& hash, const std::string& id,
              Naming naming);

 private:
  Status check_present(const std::string& path, const std::string& hash, const std::string& id);
  Status copy(const std::string& path, const std::string& hash, const std::string& id);
  void tell(NotTakenKind kind, const std::string& path, std::string detail);

  files::FileSystem& file_system_;
  const std::filesystem::path& from_;
  const std::filesystem::path& folder_;
  const ImportOptions& options_;
  const std::stop_token& stop_;
  ImportReport& report_;
  std::set<std::string, std::less<>> pruned_;
  record_files::LineSet seen_;
};

/// Copies the PLY files that wait for the feedback of generations whose records are taken: no
/// record names them, its hash does. Threads: one thread at a time.
class WaitingPlyImport {
 public:
  WaitingPlyImport(const ImportSource& source, const ImportOptions& options,
                   NamedFileImport& named_files, ImportReport& report);

  bool is_empty() const { return waiting_.empty(); }
  /// A record that is taken, or is here already.
  void note_record(const record_files::ScannedLine& record);
  /// A generation whose bytes found their place here.
  void note_settled(const std::string& id);
  void note_open(std::string_view id);
  /// Copy those of records, and tell of the others. Errors: those of NamedFileImport::take().
  Status take();

 private:
  struct Waiting {
    std::string hash;  // of the record; empty while none is known
    std::string id;
    bool is_open = false;
  };

  const bool tells_others_;
  const ImportOptions& options_;
  NamedFileImport& named_files_;
  ImportReport& report_;
  std::map<std::string, Waiting> waiting_;    // by path
  std::map<std::string, std::string> paths_;  // of those with a record, by its id
};

}  // namespace assay::history

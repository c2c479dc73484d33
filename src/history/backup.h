/// \file
/// Copies of a data folder in an object store: each content once, each copy told by a manifest.
/// Format: docs/formats/history-backup.md.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "storage/object_store.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::history {

/// Where backups lie: all keys begin with `prefix` and a slash, or have no prefix when it is empty.
/// Lifetime: the store outlives the calls.
struct BackupPlace {
  storage::ObjectStore* store = nullptr;
  std::string prefix;
};

enum class RunMode : std::uint8_t { kReal, kDryRun };

/// A file that could not be copied.
struct FileProblem {
  std::string path;  ///< Relative to the data folder.
  std::string message;
};

struct BackupOptions {
  RunMode mode = RunMode::kReal;
  /// What tells that a file is as it was in the last backup.
  enum class Unchanged : std::uint8_t {
    kBySizeAndTime,
    kByContent
  } unchanged = Unchanged::kBySizeAndTime;
  /// Parts that are read and sent at the same time; each is in memory whole.
  unsigned num_workers = 4;
  /// Larger files are sent in parts of this size. A backup that changes it sends large files again.
  ByteCount part_size{std::uint64_t{64} << 20};
};

struct BackupReport {
  std::string id;  ///< Of the manifest that now tells the state; empty for a dry run.
  std::uint64_t num_files = 0;
  ByteCount size;              ///< Of all files.
  std::uint64_t num_sent = 0;  ///< Objects that were (or, dry, would be) sent.
  ByteCount size_sent;
  /// Objects of the last backup that were gone from the place, or had another size there. Those of
  /// files that are still in the folder are sent again.
  std::uint64_t num_lost = 0;
  std::uint64_t num_unchanged = 0;  ///< Files of which nothing was sent.
  /// Events the recorder has not yet turned into records are part of the backup: only when no
  /// recorder was running, since its journal changes under the copy.
  bool has_journal = false;
  bool is_recorder_running = false;
  std::vector<FileProblem> problems;  ///< Order: by path.
};

/// Back up everything below `folder` but temporary files (`*.tmp` and those of atomic writes).
///
/// Objects are `YYYY-MM/<path>`, with the month of the backup that first sent them, and are never
/// replaced. A killed backup is resumed by the next. Every object is read back and compared before
/// a manifest names it; the manifest comes last. Of what earlier backups sent, a listing tells
/// whether it is there with its size; bytes that rotted in place only RestoreOptions::Check finds.
/// Errors: kNotFound (no such folder), those of ObjectStore, kCorrupt (an object reads back
///         differently, or a manifest is broken), kCancelled.
Result<BackupReport> backup(files::FileSystem& file_system, const std::filesystem::path& folder,
                            const BackupPlace& place, Clock& clock, const BackupOptions& options,
                            const std::stop_token& stop);

struct RestoreOptions {
  RunMode mode = RunMode::kReal;
  /// Which backup; empty for the last.
  std::string id = {};
  /// What to do with a file that is there with another content.
  enum class Differing : std::uint8_t { kKeep, kReplace } differing = Differing::kKeep;
  /// Read every file back from the disk once all are there. In a dry run: read and hash the objects
  /// of every file in their place, and look at nothing else.
  enum class Check : std::uint8_t { kNone, kReadBack } check = Check::kNone;
  unsigned num_workers = 4;
};

struct RestoreReport {
  std::string id;
  std::uint64_t num_files = 0;
  std::uint64_t num_restored = 0;
  ByteCount size_restored;
  std::uint64_t num_present = 0;    ///< There already, with the same content.
  std::uint64_t num_differing = 0;  ///< There with another content; told in `problems` when kept.
  std::uint64_t num_verified = 0;   ///< Read back from the disk; in a dry run, from the place.
  /// Files of the journal that was there, of which the backup has none, or another: moved to
  /// `quarantine/` (in a dry run, would be).
  std::vector<std::string> set_aside;
  std::vector<FileProblem> problems;
};

/// Bring a backup back into `folder`, under its lock. Each file appears whole or not at all, with
/// its content checked before; running it again goes on where it was killed. The recorder's journal
/// is one: where the folder has events, or a checkpoint, that are not in the backup, all of it is
/// kept, and told in `problems`; kReplace sets those files aside first.
/// Errors: kNotFound (no backup there, or none of this id), kUnavailable (a recorder is running, or
///         the store), kNoSpace, kDenied, kCorrupt (the manifest), kCancelled. A broken object
///         costs its file only: it is told in `problems`.
Result<RestoreReport> restore(files::FileSystem& file_system, const BackupPlace& place,
                              const std::filesystem::path& folder, const RestoreOptions& options,
                              const std::stop_token& stop);

/// The ids of all backups. Order: oldest first. Errors: those of ObjectStore.
Result<std::vector<std::string>> list_backups(const BackupPlace& place,
                                              const std::stop_token& stop);

/// For people.
std::string to_text(const BackupReport& report, RunMode mode);
std::string to_text(const RestoreReport& report, const RestoreOptions& options);
std::string to_json(const BackupReport& report);
std::string to_json(const RestoreReport& report);

}  // namespace assay::history

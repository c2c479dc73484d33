/// \file
/// Deletes what is old, and keeps the hashes.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "history/backup.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::history {

struct PruneOptions {
  RunMode mode = RunMode::kReal;
  /// Files of records of months more than this many back go, with the images and PLY files that
  /// only their records, and late feedback for these, name. One in which a record of a younger
  /// month stands too is kept: PruneReport::mixed.
  std::optional<int> older_than_months = std::nullopt;
  /// PLY files and rejected samples of records older than this go; the records stay.
  std::optional<std::chrono::milliseconds> ply_older_than = std::nullopt;
};

/// A file that goes.
struct PrunedFile {
  std::string path;  ///< Relative to the data folder.
  ByteCount size;
};

/// A file of an old month that is kept, since records of younger months stand in it.
struct MixedFile {
  std::string path;        ///< Relative to the data folder.
  std::string last_month;  ///< Of its youngest record: `2025-09`.
};

struct PruneReport {
  std::vector<PrunedFile> files;  ///< Order: images and PLY files by path, then files of records.
  std::uint64_t num_records = 0;  ///< Records that go.
  std::uint64_t num_blobs = 0;    ///< Images and PLY files that go.
  ByteCount size;
  std::vector<MixedFile> mixed;  ///< Order: by month.
};

/// Prune `folder`, under its lock.
///
/// First what goes is written to pruned_history.jsonl, with ids, times and hashes, and synced; then
/// the images and PLY files go, the files of records last. So a run that was killed is finished by
/// the next one with the same options, and doctor can tell what was pruned from what was lost.
/// Records that are in the current file stay, whatever their age: rotate first.
/// Errors: kInvalidInput (neither age is given, or one below zero), kNotFound (no such folder),
///         kUnavailable (a recorder is running), kCorrupt and kExhausted (a file of records cannot
///         be read, and might name any file: nothing was deleted), kDenied, kNoSpace, kCancelled.
Result<PruneReport> prune(files::FileSystem& file_system, const std::filesystem::path& folder,
                          Clock& clock, const PruneOptions& options, const std::stop_token& stop);

std::string to_text(const PruneReport& report, RunMode mode);
std::string to_json(const PruneReport& report);

}  // namespace assay::history

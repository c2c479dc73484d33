/// \file
/// The manifest of a checkpoint: up to which event the derived files are on disk, and the state
/// that the later events build on. Format: docs/formats/history.md.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "derivation/derived_file.h"
#include "files/file_system.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace assay::derivation {

/// How PLY bytes that wait are settled: as the options of a recorder say.
struct PlyRules {
  double min_score = 0.0;
  std::optional<std::chrono::milliseconds> feedback_timeout;
  bool operator==(const PlyRules&) const = default;
};

struct Checkpoint {
  std::uint64_t last_sequence = 0;
  Timestamp time;
  /// `2025-11`: the records of earlier months have files of their own. Empty when nobody knows.
  std::string rotated_month;
  /// By the file's name in the data folder.
  std::map<std::string, DerivedAnchor> files;
  /// What the recorder was told, or the one before it; nothing when none was.
  std::optional<PlyRules> ply_rules;
  /// GenerationTable::state().
  std::string state;
};

std::string encode_checkpoint(const Checkpoint& checkpoint);
/// Errors: kCorrupt (not one, or its digest does not fit), kInvalidInput (of a later version).
Result<Checkpoint> decode_checkpoint(std::string_view text);

/// Replace the manifest at `path`, or read it: nothing when there is none.
/// Errors: as files::AtomicFile, files::read_file and decode_checkpoint().
Status write_checkpoint(files::FileSystem& file_system, const std::filesystem::path& path,
                        const Checkpoint& checkpoint);
Result<std::optional<Checkpoint>> read_checkpoint(files::FileSystem& file_system,
                                                  const std::filesystem::path& path);

}  // namespace assay::derivation

/// \file
/// A database of decisions with the scores that a run of ours left beside them.

#pragma once

#include "core/result.h"
#include "decisions/decision.h"
#include "decisions/decision_database.h"
#include "decisions/decision_table.h"
#include "files/file_system.h"
#include "images/decode.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::decisions {

/// One image of a group. What no run of ours has said is empty.
struct ScoredImage {
  /// As the row of the group names it.
  std::string name;
  std::optional<ImageScore> score = std::nullopt;
};

struct ScoredGroup {
  Decision decision;
  std::optional<GroupScore> score = std::nullopt;
  /// Order: of `decision.images`.
  std::vector<ScoredImage> images;

  bool is_uncertain() const { return score && score->is_uncertain; }
};

/// What the table `runs` says of a run.
struct ScoringRun {
  std::string finished_at = {};
  std::string program_version = {};
  /// The zip or folder that was read.
  std::string source = {};
  std::string models_json = {};
  std::string options_json = {};
};

/// Whether the run turned the images upright before it looked at them, as its options say.
images::ExifOrientation orientation_of(const ScoringRun& run);

struct ScoredProject {
  std::filesystem::path path;
  /// That of its rows; the name of the file when they say none.
  std::string project;
  /// The run that ended last.
  std::optional<ScoringRun> run = std::nullopt;
  /// Order: by group_id.
  std::vector<ScoredGroup> groups;
  /// Images in no group, by reason.
  std::map<std::string, std::uint64_t> dropped;
  std::vector<BadRow> bad_rows;
};

/// Read a database of any age; one without tables of ours has decisions alone. Scores of groups
/// that are not there are passed over.
/// Errors: as db::Database; kInvalidInput (no table ai_decisions, or side tables of another form).
Result<ScoredProject> read_scored_project(const std::filesystem::path& path);

struct ScoredProjects {
  /// Order: of the paths, within a folder by name.
  std::vector<ScoredProject> projects;
  /// Databases that cannot be read, and rows: a line each.
  std::vector<std::string> problems;
};

/// Read databases, and every `*.db` of folders but backups; temporary ones too. One named twice
/// counts once.
/// Errors: kNotFound (nothing at a path, or no database in it), kDenied, kUnavailable, kCancelled.
Result<ScoredProjects> read_scored_projects(files::FileSystem& file_system,
                                            std::span<const std::filesystem::path> paths,
                                            const std::stop_token& stop = {});

}  // namespace assay::decisions

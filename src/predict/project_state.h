/// \file
/// What is there of a project already: its databases, and whether they hold predictions.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace assay::predict {

/// One database of decisions.
struct DatabaseState {
  std::filesystem::path path;
  std::uint64_t num_rows = 0;
  std::uint64_t num_predicted = 0;  ///< Rows in which a prediction stands.
  /// Of the grouping, in the last run of ours that wrote it; empty where none says it.
  std::string mode = {};
  /// Why it cannot be read; empty when it can.
  std::string problem;

  /// That of a run which made no group.
  bool is_empty() const { return num_rows == 0 && problem.empty(); }
};

/// The databases that a project may have: `{project}.db`, and those for the time before merging,
/// `{project}_ai_predictions_temp.db` and `{project}_backfill_temp.db`. One that cannot be read is
/// told by its problem. Errors: kDenied, kUnavailable of the folder.
Result<std::vector<DatabaseState>> database_states(files::FileSystem& file_system,
                                                   const std::filesystem::path& folder,
                                                   std::string_view project);

/// Whether one of the databases that a project may have holds the run of this id.
/// Errors: kDenied, kUnavailable of the folder; those of db::Database when it may be in one that
///         cannot be read.
Result<bool> has_database_of_run(files::FileSystem& file_system,
                                 const std::filesystem::path& folder, std::string_view project,
                                 std::string_view run_id);

/// The projects that have a `{project}.db` in the folder, those for the time before merging and
/// backups left out; none when there is no folder. Order: by bytes.
/// Errors: kDenied, kUnavailable.
Result<std::vector<std::string>> projects_with_database(files::FileSystem& file_system,
                                                        const std::filesystem::path& folder);

}  // namespace assay::predict

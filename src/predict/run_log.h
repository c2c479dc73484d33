/// \file
/// The log, the progress file and the summary of a batch, as the old tools keep them and read them.
/// Format: docs/formats/predict-logs.md.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::predict {

/// Of every object these files hold. It rises when a member changes its meaning.
inline constexpr int kRunLogSchemaVersion = 1;

enum class ProjectOutcome : std::uint8_t {
  kSuccess,
  kFailed,
  kStopped,  ///< Not logged: the next run goes on.
};

/// What became of the images of a project.
struct ImageCounts {
  std::uint64_t num_images = 0;    ///< Candidates in the source.
  std::uint64_t num_embedded = 0;  ///< By the model, in this run.
  std::uint64_t num_reused = 0;    ///< Their embeddings were in the store.
  std::uint64_t num_failed = 0;
  std::uint64_t num_groups = 0;
  std::uint64_t num_ungrouped = 0;  ///< Images in no group.
};

/// The models of a run: name and digest, empty where there is none.
struct RunModels {
  std::string ranker = {};
  std::string ranker_sha256 = {};
  std::string crop_proposer = {};
  std::string crop_proposer_sha256 = {};
  std::string clip = {};
  std::string clip_sha256 = {};
  std::string precision = {};
  /// The ranker that was asked for, when another took its place.
  std::string ranker_wanted = {};
};

/// One line of the log.
struct ProjectResult {
  std::string project = {};
  std::string source = {};  ///< The name of the archive or folder, `zip_file` in the log.
  ProjectOutcome outcome = ProjectOutcome::kSuccess;
  Timestamp finished;
  std::chrono::milliseconds duration{};
  ImageCounts images = {};
  std::string database = {};  ///< Its path; empty for a failure before there was one.
  std::string error = {};     ///< Of a failure.
  RunModels models = {};
};

struct RunLogPaths {
  std::filesystem::path log;
  std::filesystem::path progress;
  std::filesystem::path summary_folder;
};

/// The old places below `root`: `ROOT/ai_data/batch_predictions_log.jsonl` and its neighbours.
RunLogPaths run_log_paths(const std::filesystem::path& root);

/// The line of the log, without its end.
std::string log_line(const ProjectResult& result);

/// Add a line to the log; it is on disk on return. A half line that a crash left is closed first.
/// Errors: kDenied, kNoSpace, kUnavailable.
Status append_log(files::FileSystem& file_system, const RunLogPaths& paths,
                  const ProjectResult& result);
/// Add a project to the progress file, as append_log(), unless it stands there.
/// Errors: also kInvalidInput (a name with a line break), kExhausted (a file over 1 GiB).
Status append_progress(files::FileSystem& file_system, const RunLogPaths& paths,
                       std::string_view project);
/// What a run that died may have left out: add the line to the log unless it stands there, then the
/// project to the progress file. Errors: as append_progress().
Status append_missing(files::FileSystem& file_system, const RunLogPaths& paths,
                      std::string_view project, std::string_view line);

struct BatchSummary {
  Timestamp started;
  Timestamp completed;
  std::uint64_t num_skipped = 0;    ///< Done before.
  std::uint64_t num_remaining = 0;  ///< Not reached: the batch was stopped.
  RunModels models;
  std::vector<ProjectResult> projects;
  std::string output_folder;
};

/// Write `batch_predictions_summary_TIMESTAMP.json`, whole; nothing there is replaced. Returns its
/// path. Errors: kDenied, kNoSpace, kUnavailable.
Result<std::filesystem::path> write_summary(files::FileSystem& file_system,
                                            const RunLogPaths& paths, const BatchSummary& summary);

/// What the files of old and new runs say about projects.
struct FinishedProjects {
  enum class Where : std::uint8_t { kProgressFile, kLog };
  /// By project; the progress file goes first.
  std::map<std::string, Where, std::less<>> projects;
  /// Of projects that never succeeded: the last failure in the log, in its words.
  std::map<std::string, std::string, std::less<>> failures;
  std::uint64_t num_unreadable_lines = 0;  ///< Of the log.
};

/// Read both files; those that are not there say nothing. Lines of every shape that the old tools
/// wrote are read. Errors: kDenied, kInvalidInput (a folder), kUnavailable, kExhausted (over 1
/// GiB).
Result<FinishedProjects> read_finished_projects(files::FileSystem& file_system,
                                                const RunLogPaths& paths);

}  // namespace assay::predict

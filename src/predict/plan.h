/// \file
/// What a batch would do: sources, projects, images, models, and what is missing.

#pragma once

#include "archives/entry_source.h"
#include "core/result.h"
#include "embedding/time_sampler.h"
#include "files/file_system.h"
#include "grouping/grouping.h"
#include "models/manifest.h"
#include "predict/data_tree.h"
#include "predict/project_state.h"
#include "predict/project_table.h"
#include "predict/run_log.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::predict {

/// A model that the batch needs, as models::find_model() finds it.
struct WantedModel {
  std::string role;
  models::ModelKind kind = models::ModelKind::kClip;
  /// Instead of looking for one; empty to look.
  std::filesystem::path given = {};
  /// What to do when none is there.
  std::string advice;
};

/// A tower, a ranker and a crop head.
std::vector<WantedModel> default_models();

/// Measures what the images of a source take, as TimeSampler; nothing when it cannot.
using MeasureTime =
    std::function<std::optional<embedding::SampledTime>(const archives::EntrySource&)>;

/// What to do with projects that are done.
enum class DoneProjects : std::uint8_t { kSkip, kRedo };

struct PlanOptions {
  std::filesystem::path source;
  DataTree tree = DataTree("data");
  /// Instead of the tree's own.
  std::optional<std::filesystem::path> table = std::nullopt;
  DoneProjects done = DoneProjects::kSkip;
  grouping::GroupingOptions grouping = {};
  std::vector<WantedModel> models = default_models();
  /// Without it no time is told.
  MeasureTime measure_time = {};
  /// Images that are read for their size in pixels, of each source that is to do.
  std::size_t num_size_samples = 0;
};

enum class PlanStatus : std::uint8_t {
  kToDo,
  kDone,
  kAmbiguous,   ///< The user must say its project.
  kUnreadable,  ///< The source cannot be opened.
  kNoImages,
  kLeftOut,   ///< The user's table says so.
  kNotThere,  ///< A row of another source than the one given, whose zip or folder is not there.
};
/// A word for JSON, such as `to_do`.
std::string_view to_string(PlanStatus status);

struct PlannedProject {
  std::string project;  ///< Empty where it is not known.
  std::string source;   ///< As in the table.
  std::filesystem::path source_path;
  archives::SourceKind kind = archives::SourceKind::kZip;
  /// Whether anything lies at `source_path`.
  bool is_there = true;
  /// False for what was found in the source, and would be added to the table.
  bool is_in_table = true;
  PlanStatus status = PlanStatus::kToDo;
  /// Why it is done, ambiguous or unreadable.
  std::string reason = {};
  /// Of what is done: why it may be wanted again all the same. One of the remarks, too.
  std::string doubt = {};
  /// What is odd about it without stopping it.
  std::vector<std::string> remarks = {};
  std::uint64_t num_images = 0;                           ///< Candidates, as a run counts them.
  ByteCount image_size = {};                              ///< Of those that can be read.
  std::optional<double> pixels_per_image = std::nullopt;  ///< Where samples were looked at.
  std::uint64_t num_bad_entries = 0;  ///< Of the candidates, those that cannot be read.
  archives::LeftOutCounts left_out = {};
  std::map<std::size_t, std::uint64_t> groups_by_size = {};
  std::uint64_t num_ungrouped = 0;
  std::vector<DatabaseState> databases = {};
  /// Only of what is to do.
  std::optional<embedding::SampledTime> sampled_time = std::nullopt;

  std::optional<double> estimated_seconds() const;
};

struct FoundModel {
  WantedModel wanted;
  /// Empty when it is missing.
  std::filesystem::path path;
  /// Why what is there cannot be taken; empty otherwise.
  std::string problem = {};
};

struct Plan {
  std::filesystem::path source;
  std::filesystem::path table;
  /// Whether the table is the user's, or was proposed.
  enum class Table : std::uint8_t { kRead, kProposed };
  Table table_origin = Table::kProposed;
  /// What was in the table.
  std::vector<ProjectRow> table_rows = {};
  grouping::GroupingMode grouping_mode = grouping::GroupingMode::kStrict;
  /// Directly in the source, in no project.
  std::uint64_t num_loose_images = 0;
  /// Zips and folders of the source that take no part: a table cannot hold their names.
  std::vector<std::string> not_utf8_sources = {};
  /// Order: by number of images, then by project, then by source.
  std::vector<PlannedProject> projects;
  std::vector<FoundModel> models;
  /// What the store, the journals and the databases of what is to do will take, roughly.
  ByteCount needed_space;
  std::optional<ByteCount> free_space;
  std::uint64_t num_unreadable_log_lines = 0;
  /// What the estimates rest on, where there are any: for who measured to fill in.
  std::optional<embedding::TimeBasis> time_basis = std::nullopt;

  bool is_missing_models() const;
  /// Whether something of the sources needs the user: an ambiguous or unreadable one.
  bool has_gaps() const;
};

/// Look at everything; nothing is changed. Of archives the directories are read, and the samples
/// that the options ask for.
/// Errors: kMissing (nothing is in the source); those of find_sources() for the source folder, of
///         read_project_table() and read_finished_projects(); kCancelled.
Result<Plan> make_plan(files::FileSystem& file_system, const PlanOptions& options,
                       const std::stop_token& stop);

/// The rows that the table does not have yet, all of them where it was proposed.
std::vector<ProjectRow> new_rows(const Plan& plan);

/// How many files were left out, and why; empty when there are none.
std::string left_out_text(const PlannedProject& project);

/// What is to be said of images that lie directly in the source. Pre: there are some.
std::string loose_images_text(const Plan& plan);
/// What is to be said of one of `not_utf8_sources`.
std::string not_utf8_text(std::string_view source);

std::string to_text(const Plan& plan);
std::string to_json(const Plan& plan);

}  // namespace assay::predict

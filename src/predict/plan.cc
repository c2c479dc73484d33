#include "predict/plan.h"

#include "core/utf8.h"
#include "embedding/sample_sizes.h"
#include "grouping/image_name.h"
#include "models/model_folder.h"
#include "predict/project_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;

// Measured: a vector with its key, a known image, a journal record, and a row and a score of the
// database with their indexes.
constexpr std::uint64_t kBytesPerImage = 2'120 + 80 + 160 + 700;

/// What is known before a source is opened.
struct Context {
  files::FileSystem* file_system = nullptr;
  const PlanOptions* options = nullptr;
  FinishedProjects finished = {};
};

void look_into(const archives::EntrySource& source, const PlanOptions& options,
               PlannedProject& project) {
  project.kind = source.kind();
  project.left_out = source.left_out();
  std::vector<std::string> paths;
  std::string first_bad;
  for (const archives::SourceEntry& entry : source.entries()) {
    if (entry.verdict != archives::EntryVerdict::kOk) {
      if (project.num_bad_entries++ == 0) {
        first_bad = fmt::format("{}: {}", entry.path, to_text(entry.verdict));
      }
      continue;
    }
    paths.push_back(entry.path);
    project.image_size += entry.size;
  }
  project.num_images = source.entries().size();
  const grouping::Grouping grouping = grouping::group_images(paths, options.grouping);
  for (const auto& group : grouping.groups) ++project.groups_by_size[group.size()];
  project.num_ungrouped = grouping.dropped.size();
  if (const std::string reason = why_unreadable(source); !reason.empty()) {
    if (project.status == PlanStatus::kToDo) {
      project.status = PlanStatus::kUnreadable;
      project.reason = reason;
    } else {
      project.remarks.push_back(reason);
    }
    return;
  }
  if (project.num_bad_entries > 0) {
    project.remarks.push_back(fmt::format("{} of {} images cannot be read; {}",
                                          project.num_bad_entries, project.num_images, first_bad));
  }
  if (project.status == PlanStatus::kToDo && options.num_size_samples > 0) {
    project.pixels_per_image = embedding::mean_pixels(source, options.num_size_samples);
  }
  if (project.num_images == 0) {
    project.status = PlanStatus::kNoImages;
  } else if (project.status == PlanStatus::kToDo && options.measure_time) {
    project.sampled_time = options.measure_time(source);
    if (project.sampled_time && project.sampled_time->num_failed > 0) {
      project.remarks.push_back(fmt::format("{} of {} decoded samples are broken",
                                            project.sampled_time->num_failed,
                                            project.sampled_time->num_samples));
    }
  }
}

/// Why a project counts as done; empty when it does not.
std::string why_done(const PlannedProject& project, const FinishedProjects& finished) {
  const auto at = finished.projects.find(project.project);
  if (at != finished.projects.end()) {
    return at->second == FinishedProjects::Where::kProgressFile ? "in the progress file"
                                                                : "in the log";
  }
  for (const DatabaseState& database : project.databases) {
    if (database.num_predicted == 0) continue;
    return fmt::format("{} holds predictions ({} of {} rows)", database.path.filename().native(),
                       database.num_predicted, database.num_rows);
  }
  return {};
}

void judge_state(const Context& context, PlannedProject& project) {
  bool has_predictions = false;
  for (const DatabaseState& database : project.databases) {
    has_predictions = has_predictions || database.num_predicted != 0;
    if (!database.problem.empty()) project.remarks.push_back(database.problem);
  }
  const std::string reason = why_done(project, context.finished);
  if (!reason.empty()) {
    std::string doubt;
    const bool is_empty = !project.databases.empty() &&
                          std::ranges::all_of(project.databases, &DatabaseState::is_empty);
    const std::string_view mode = to_string(context.options->grouping.mode);
    const bool is_of_other_modes =
        is_empty && std::ranges::none_of(project.databases, [&](const DatabaseState& database) {
          return database.mode.empty() || database.mode == mode;
        });
    if (is_of_other_modes) {
      project.remarks.push_back(
          fmt::format("done before with 0 groups in mode {}", project.databases.front().mode));
      return;
    }
    if (is_empty) {
      doubt = "done before with 0 groups; --redo --mode single takes every image on its own";
    } else if (!has_predictions) {
      // The old runner noted success for projects that it had not even begun.
      doubt = fmt::format(
          "done by what is {}, but no database holds predictions; --redo does it again", reason);
    }
    if (!doubt.empty()) project.remarks.push_back(doubt);
    if (context.options->done == DoneProjects::kSkip) {
      project.status = PlanStatus::kDone;
      project.reason = reason;
      project.doubt = std::move(doubt);
    }
  } else if (const auto failure = context.finished.failures.find(project.project);
             failure != context.finished.failures.end()) {
    project.remarks.push_back(fmt::format("failed before: {}", failure->second));
  }
}

/// A row, and what is known of it before it is looked at.
struct PlannedRow {
  ProjectRow row;
  PlanStatus status = PlanStatus::kToDo;
  bool is_in_table = true;
  /// Whether it is one of the source given; those of another may not be there.
  bool lies_here = true;
};

PlanStatus status_of(const ProjectRow& row) {
  if (row.project.empty()) return PlanStatus::kAmbiguous;
  return row.project == kLeftOutProject ? PlanStatus::kLeftOut : PlanStatus::kToDo;
}

/// The source of this plan, and where rows lie.
class SourceFolder {
 public:
  static Result<SourceFolder> open(files::FileSystem& file_system, const fs::path& folder) {
    ASSIGN_OR_RETURN(fs::path resolved, file_system.resolve(folder));
    return SourceFolder(file_system, std::move(resolved));
  }

  const fs::path& path() const { return folder_; }
  /// To compare by: a source may be named in several ways.
  fs::path place_of(std::string_view source) const {
    const fs::path place = (folder_ / source).lexically_normal();
    const auto resolved = file_system_->resolve(place);
    return resolved ? *resolved : place;
  }
  bool has(std::string_view source) const {
    const auto info = file_system_->info(folder_ / source);
    return info && *info;
  }
  bool is_around(std::string_view source) const {
    const fs::path inner = place_of(source).lexically_relative(folder_);
    return !inner.empty() && *inner.begin() != "..";
  }

 private:
  SourceFolder(files::FileSystem& file_system, fs::path folder)
      : file_system_(&file_system), folder_(std::move(folder)) {}

  files::FileSystem* file_system_;
  fs::path folder_;
};

Result<std::vector<PlannedRow>> rows_of(files::FileSystem& file_system, const PlanOptions& options,
                                        Plan& plan) {
  ASSIGN_OR_RETURN(FoundSources found, find_sources(file_system, options.source));
  ASSIGN_OR_RETURN(const SourceFolder folder, SourceFolder::open(file_system, options.source));
  plan.num_loose_images = found.num_loose_images;
  auto table = read_project_table(file_system, plan.table);
  if (!table && table.error().code != ErrorCode::kNotFound) return table.error();
  const std::vector<ProjectRow> written = table ? *std::move(table) : std::vector<ProjectRow>();
  // One without rows says nothing of any source.
  plan.table_origin = written.empty() ? Plan::Table::kProposed : Plan::Table::kRead;
  plan.table_rows = written;
  // A table that names nothing of this source by its name alone was made for another one.
  const bool is_of_here = written.empty() || std::ranges::any_of(written, [&](const auto& row) {
                            return !fs::path(row.source).is_absolute() && folder.has(row.source);
                          });
  std::vector<PlannedRow> rows;
  std::set<fs::path> listed;
  for (const ProjectRow& row : written) {
    const bool is_absolute = fs::path(row.source).is_absolute();
    rows.push_back({.row = row,
                    .status = status_of(row),
                    .lies_here = is_absolute ? folder.is_around(row.source) : is_of_here});
    rows.back().row.note =
        row.project.empty() ? fmt::format("fill in the project in {}", plan.table.native()) : "";
    listed.insert(folder.place_of(row.source));
  }
  const fs::path written_in = is_of_here ? fs::path() : folder.path();
  std::erase_if(found.names, [&](const std::string& source) {
    if (listed.contains(folder.place_of(source))) return true;
    if (is_utf8((written_in / source).native())) return false;
    plan.not_utf8_sources.push_back(source);
    return true;
  });
  ASSIGN_OR_RETURN(const std::vector<std::string> databases,
                   projects_with_database(file_system, options.tree.databases()));
  for (ProjectRow& row : propose_projects(found.names, databases, written).rows) {
    row.source = (written_in / row.source).native();
    const PlanStatus status = status_of(row);
    rows.push_back({.row = std::move(row), .status = status, .is_in_table = false});
  }
  return rows;
}

Result<PlannedProject> plan_project(const Context& context, const PlannedRow& planned) {
  const PlanOptions& options = *context.options;
  const ProjectRow& row = planned.row;
  PlannedProject project{.project = row.project,
                         .source = row.source,
                         .source_path = options.source / row.source,
                         .is_in_table = planned.is_in_table,
                         .status = planned.status,
                         .reason = row.note};
  if (planned.status == PlanStatus::kToDo) {
    ASSIGN_OR_RETURN(project.databases,
                     database_states(*context.file_system, options.tree.databases(), row.project));
    judge_state(context, project);
  }
  const auto source = archives::open_entry_source(*context.file_system, project.source_path,
                                                  {.extensions = grouping::image_extensions()});
  project.is_there = source || source.error().code != ErrorCode::kNotFound;
  if (source) {
    look_into(**source, options, project);
  } else if (project.status == PlanStatus::kDone) {
    project.remarks.push_back(source.error().message);
  } else if (!project.is_there && !planned.lies_here && project.status != PlanStatus::kLeftOut) {
    project.status = PlanStatus::kNotThere;
    project.reason = source.error().message;
  } else if (project.status != PlanStatus::kLeftOut) {
    project.status = PlanStatus::kUnreadable;
    project.reason = source.error().message;
  }
  return project;
}

/// Errors: kMissing when nothing is there that could be worked on, or was; kInvalidInput when it is
///         for a name.
Status check_found(const Plan& plan) {
  const auto is_something = [](const PlannedProject& project) {
    return project.is_there && project.status != PlanStatus::kNoImages;
  };
  if (std::ranges::any_of(plan.projects, is_something)) return {};
  if (!plan.not_utf8_sources.empty()) {
    return invalid_input(not_utf8_text(plan.not_utf8_sources.front()));
  }
  const std::string found =
      fmt::format("{}: no zip and no folder with images is in it", plan.source.native());
  if (plan.num_loose_images == 0) {
    return missing(found +
                   "; expected a folder of zips and of folders of images: is the volume "
                   "mounted?");
  }
  return missing(fmt::format("{}, but {} directly in it; give the folder above it", found,
                             plan.num_loose_images == 1
                                 ? "1 image lies"
                                 : fmt::format("{} images lie", plan.num_loose_images)));
}

Result<std::vector<FoundModel>> find_models(files::FileSystem& file_system,
                                            const PlanOptions& options) {
  std::vector<FoundModel> all;
  for (const WantedModel& wanted : options.models) {
    FoundModel model{.wanted = wanted, .path = {}, .problem = {}};
    if (!wanted.given.empty()) {
      ASSIGN_OR_RETURN(const auto info, file_system.info(wanted.given));
      if (info) model.path = wanted.given;
      all.push_back(std::move(model));
      continue;
    }
    auto found = models::find_model(file_system, options.tree.root(), wanted.kind);
    if (found) {
      model.path = std::move(found->path);
    } else if (found.error().code == ErrorCode::kInvalidInput ||
               found.error().code == ErrorCode::kCorrupt) {
      // The rest of the plan holds all the same.
      model.problem = std::move(found.error().message);
    } else if (found.error().code != ErrorCode::kMissing) {
      return std::move(found.error());
    }
    all.push_back(std::move(model));
  }
  return all;
}

// Of the closest folder that is there: the tree itself may still have to be made.
std::optional<ByteCount> free_space(files::FileSystem& file_system, const fs::path& root) {
  const auto absolute = file_system.resolve(root);
  for (fs::path folder = absolute ? *absolute : root; !folder.empty();
       folder = folder.parent_path()) {
    if (const auto space = file_system.space(folder)) return space->free;
    if (folder == folder.parent_path()) break;
  }
  return std::nullopt;
}

}  // namespace

std::vector<WantedModel> default_models() {
  return {{.role = "clip",
           .kind = models::ModelKind::kClip,
           .advice = "get the weights of CLIP ViT-B/32 and run: assay models import clip FILE"},
          {.role = "ranker",
           .kind = models::ModelKind::kRanker,
           .advice = "put ranker_v4.pt there, or run: assay models import ranker FILE"},
          {.role = "crop proposer",
           .kind = models::ModelKind::kCrop,
           .advice = "put crop_proposer_v3.pt there, or run: assay models import crop FILE"}};
}

std::string_view to_string(PlanStatus status) {
  switch (status) {
    case PlanStatus::kToDo:
      return "to_do";
    case PlanStatus::kDone:
      return "done";
    case PlanStatus::kAmbiguous:
      return "ambiguous";
    case PlanStatus::kUnreadable:
      return "unreadable";
    case PlanStatus::kNoImages:
      return "no_images";
    case PlanStatus::kLeftOut:
      return "left_out";
    case PlanStatus::kNotThere:
      return "not_there";
  }
  return "unknown";
}

std::optional<double> PlannedProject::estimated_seconds() const {
  if (!sampled_time) return std::nullopt;
  return sampled_time->seconds_per_image * static_cast<double>(num_images - num_bad_entries);
}

bool Plan::is_missing_models() const {
  return std::ranges::any_of(models, [](const FoundModel& model) { return model.path.empty(); });
}

bool Plan::has_gaps() const {
  return !not_utf8_sources.empty() ||
         std::ranges::any_of(projects, [](const PlannedProject& project) {
           return project.status == PlanStatus::kAmbiguous ||
                  project.status == PlanStatus::kUnreadable;
         });
}

Result<Plan> make_plan(files::FileSystem& file_system, const PlanOptions& options,
                       const std::stop_token& stop) {
  Plan plan{.source = options.source,
            .table = options.table.value_or(options.tree.project_table()),
            .grouping_mode = options.grouping.mode,
            .projects = {},
            .models = {},
            .needed_space = {},
            .free_space = {}};
  Context context{.file_system = &file_system, .options = &options};
  ASSIGN_OR_RETURN(context.finished,
                   read_finished_projects(file_system, run_log_paths(options.tree.root())));
  plan.num_unreadable_log_lines = context.finished.num_unreadable_lines;
  ASSIGN_OR_RETURN(const std::vector<PlannedRow> rows, rows_of(file_system, options, plan));
  for (const PlannedRow& row : rows) {
    if (stop.stop_requested()) return cancelled("stopped before the plan was complete");
    ASSIGN_OR_RETURN(PlannedProject project, plan_project(context, row));
    if (project.status == PlanStatus::kToDo) {
      plan.needed_space += ByteCount(project.num_images * kBytesPerImage);
    }
    plan.projects.push_back(std::move(project));
  }
  RETURN_IF_ERROR(check_found(plan));
  std::ranges::sort(plan.projects, [](const PlannedProject& a, const PlannedProject& b) {
    return std::tie(a.num_images, a.project, a.source) <
           std::tie(b.num_images, b.project, b.source);
  });
  ASSIGN_OR_RETURN(plan.models, find_models(file_system, options));
  plan.free_space = free_space(file_system, options.tree.root());
  return plan;
}

std::vector<ProjectRow> new_rows(const Plan& plan) {
  std::vector<ProjectRow> rows;
  for (const PlannedProject& project : plan.projects) {
    if (project.is_in_table) continue;
    // A folder beside the archives that holds something else is no project.
    if (project.status == PlanStatus::kNoImages) continue;
    rows.push_back({.project = project.project,
                    .source = project.source,
                    .note = project.status == PlanStatus::kAmbiguous ? project.reason : ""});
  }
  return rows;
}

}  // namespace assay::predict

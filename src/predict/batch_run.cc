#include "predict/batch_run.h"

#include "predict/project_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace assay::predict {
namespace {

// One that cannot be read is tried, so that the batch says so and counts it.
bool is_to_try(const PlannedProject& project) {
  return project.status == PlanStatus::kToDo || project.status == PlanStatus::kUnreadable;
}

class Batch {
 public:
  Batch(const ProjectTools& tools, const BatchOptions& options, BatchObserver& observer,
        std::stop_token stop)
      : tools_(&tools),
        options_(&options),
        observer_(&observer),
        stop_(std::move(stop)),
        paths_(run_log_paths(options.project.tree.root())) {
    report_.summary.started = tools.clock.now();
    report_.summary.models = options.models;
    report_.summary.output_folder = options.project.tree.databases().native();
  }

  Result<BatchReport> run(const std::vector<const PlannedProject*>& projects) {
    for (std::size_t i = 0; i < projects.size(); ++i) {
      observer_->on_begin(*projects[i], i + 1, projects.size());
      RETURN_IF_ERROR(run_one(*projects[i]));
      if (report_.stopped) {
        const bool is_logged = report_.stopped->code != ErrorCode::kCancelled;
        report_.summary.num_remaining = projects.size() - i - (is_logged ? 1 : 0);
        break;
      }
    }
    // Saves the next run the reading of all vectors; without it nothing is lost.
    static_cast<void>(tools_->store.update_index());
    report_.summary.completed = tools_->clock.now();
    ASSIGN_OR_RETURN(report_.summary_path,
                     write_summary(tools_->file_system, paths_, report_.summary));
    return std::move(report_);
  }

  void skip(std::uint64_t count) { report_.summary.num_skipped = count; }

 private:
  Status run_one(const PlannedProject& planned) {
    ProjectOptions options = options_->project;
    options.project = planned.project;
    options.source = planned.source_path;
    // One that waits to be merged is not asked about where it has nothing to merge.
    if (!planned.databases.empty() &&
        std::ranges::all_of(planned.databases, &DatabaseState::is_empty)) {
      options.existing = decisions::ExistingResult::kReplace;
    }
    // A run of each project: what it did is told by its own row.
    options.run.run_id = fmt::format("{}-{}", options_->project.run.run_id, planned.project);
    ProjectResult result;
    result.project = planned.project;
    result.source = planned.source;
    result.models = options_->models;
    ProjectProgress last;
    const auto start = tools_->clock.monotonic();
    const auto take_time = [&] {
      result.finished = tools_->clock.now();
      result.duration =
          std::chrono::duration_cast<std::chrono::milliseconds>(tools_->clock.monotonic() - start);
    };
    options.before_publishing = [&](const ProjectReport& decided) {
      take_time();
      ProjectResult success = result;
      success.images = decided.images;
      success.database = decided.database->native();
      return note_result(tools_->file_system, options.tree, options.run.run_id, success);
    };
    const auto report = run_project(
        *tools_, options,
        [&](const ProjectProgress& progress) {
          last = progress;
          observer_->on_progress(progress);
        },
        stop_);
    // A line that was noted is logged as it was noted.
    if (!report || !report->database) take_time();
    return report ? log_success(std::move(result), *report)
                  : log_failure(std::move(result), report.error(), last);
  }

  Status log_success(ProjectResult result, const ProjectReport& report) {
    result.images = report.images;
    report_.figures += report.figures;
    report_.num_failed_images += report.images.num_failed;
    if (report.database) {
      result.database = report.database->native();
      RETURN_IF_ERROR(append_log(tools_->file_system, paths_, result));
      RETURN_IF_ERROR(append_progress(tools_->file_system, paths_, result.project));
      RETURN_IF_ERROR(remove_note(tools_->file_system, options_->project.tree, result.project));
    }
    observer_->on_end(result, &report);
    report_.summary.projects.push_back(std::move(result));
    return {};
  }

  Status log_failure(ProjectResult result, const Error& error, const ProjectProgress& last) {
    // What was done stays done, and the next run goes on from there.
    report_.figures += last.figures;
    report_.num_failed_images += last.figures.num_failed;
    result.images.num_images = last.num_images;
    result.images.num_embedded = last.figures.num_embedded;
    result.images.num_reused = last.num_resumed + last.figures.num_reused;
    result.images.num_failed = last.figures.num_failed;
    if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kNoSpace) {
      report_.stopped = error;
    }
    if (error.code == ErrorCode::kCancelled) {
      result.outcome = ProjectOutcome::kStopped;
      ++report_.num_stopped_projects;
      observer_->on_end(result, nullptr);
      return {};
    }
    result.outcome = ProjectOutcome::kFailed;
    result.error = error.message;
    ++report_.num_failed_projects;
    // On a full disk the log may have no room either; the words on the terminal must do.
    const Status logged = append_log(tools_->file_system, paths_, result);
    observer_->on_end(result, nullptr);
    report_.summary.projects.push_back(std::move(result));
    return error.code == ErrorCode::kNoSpace ? Status() : logged;
  }

  const ProjectTools* tools_;
  const BatchOptions* options_;
  BatchObserver* observer_;
  std::stop_token stop_;
  RunLogPaths paths_;
  BatchReport report_;
};

}  // namespace

Result<std::vector<const PlannedProject*>> projects_to_do(const Plan& plan,
                                                          const std::vector<std::string>& only) {
  std::vector<const PlannedProject*> projects;
  for (const std::string& name : only) {
    const auto found = std::ranges::find(plan.projects, name, &PlannedProject::project);
    if (found == plan.projects.end()) {
      return invalid_input(
          fmt::format("{}: no such project; `assay predict plan` lists them", name));
    }
    if (found->status != PlanStatus::kDone && !is_to_try(*found)) {
      return invalid_input(fmt::format("{}: cannot be worked on: {} ({})", name,
                                       to_string(found->status), found->reason));
    }
  }
  for (const PlannedProject& project : plan.projects) {
    const bool is_chosen =
        only.empty() ? is_to_try(project) : std::ranges::find(only, project.project) != only.end();
    if (is_chosen) projects.push_back(&project);
  }
  return projects;
}

Result<BatchReport> run_batch(const ProjectTools& tools, const Plan& plan,
                              const BatchOptions& options, BatchObserver& observer,
                              const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto projects, projects_to_do(plan, options.only));
  Batch batch(tools, options, observer, stop);
  batch.skip(static_cast<std::uint64_t>(
      std::ranges::count(plan.projects, PlanStatus::kDone, &PlannedProject::status)));
  return batch.run(projects);
}

}  // namespace assay::predict

/// \file
/// The projects of a plan, one after the other, unattended.

#pragma once

#include "core/result.h"
#include "predict/plan.h"
#include "predict/project_run.h"
#include "predict/run_log.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::predict {

struct BatchOptions {
  /// For all projects: its project and source are filled in.
  ProjectOptions project;
  /// Only these; empty for all that are to do. They are to do even when they are done.
  std::vector<std::string> only = {};
  /// For the log and the summary.
  RunModels models;
};

/// Told what happens. One call at a time. Nothing by default.
class BatchObserver {
 public:
  virtual ~BatchObserver() = default;
  /// `number` of `count`, from 1.
  virtual void on_begin(const PlannedProject& /*project*/, std::size_t /*number*/,
                        std::size_t /*count*/) {}
  virtual void on_progress(const ProjectProgress& /*progress*/) {}
  /// `report` is null after a failure, whose words are in `result`, and after a stop.
  virtual void on_end(const ProjectResult& /*result*/, const ProjectReport* /*report*/) {}
};

struct BatchReport {
  BatchSummary summary;
  std::filesystem::path summary_path;
  embedding::EmbeddingFigures figures;
  std::uint64_t num_failed_projects = 0;
  std::uint64_t num_failed_images = 0;
  /// That a stop has ended on its way; it counts among the remaining ones of the summary, too.
  std::uint64_t num_stopped_projects = 0;
  /// Why the batch ended early: kCancelled, or kNoSpace, after which no other project could go on.
  std::optional<Error> stopped = std::nullopt;
};

/// The projects that run_batch() works on, in its order: also those that could not be read, which
/// are tried again. Errors: kInvalidInput when one of `only` is not in the plan, or is ambiguous.
Result<std::vector<const PlannedProject*>> projects_to_do(const Plan& plan,
                                                          const std::vector<std::string>& only);

/// Work on each project that is to do. One that fails is logged, and the next begins. The log, the
/// progress file and the summary are those of the old batch.
/// Errors: those of projects_to_do(), and of the logs.
Result<BatchReport> run_batch(const ProjectTools& tools, const Plan& plan,
                              const BatchOptions& options, BatchObserver& observer,
                              const std::stop_token& stop = {});

}  // namespace assay::predict

/// \file
/// What `predict run` says while it works and of what it did.

#pragma once

#include "cli/command_internal.h"
#include "core/clock.h"
#include "core/progress.h"
#include "core/result.h"
#include "grouping/grouping.h"
#include "predict/batch_pace.h"
#include "predict/batch_run.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace assay::cli {

struct BatchPrinterOptions {
  OutputForm form = OutputForm::kText;
  /// No bar.
  bool is_quiet = false;
  /// Of all projects of the batch.
  predict::ImageAmount amount = {};
  /// Who share the time of the stages.
  std::size_t num_workers = 1;
  /// Which the groups are made by.
  grouping::GroupingMode grouping_mode = grouping::GroupingMode::kStrict;
};

/// A line for each project and one for all, as text or as JSON, and a bar while a project runs.
class BatchPrinter final : public predict::BatchObserver {
 public:
  explicit BatchPrinter(const BatchPrinterOptions& options, Clock& clock = system_clock());

  void on_begin(const predict::PlannedProject& project, std::size_t number,
                std::size_t count) override;
  void on_progress(const predict::ProjectProgress& progress) override;
  void on_end(const predict::ProjectResult& result, const predict::ProjectReport* report) override;
  void on_batch_end(const predict::BatchReport& report);

  /// The first failure to print, such as a closed pipe.
  const Status& status() const { return status_; }

 private:
  void show_bar(const predict::ProjectProgress& progress);
  void write_progress(const predict::ProjectProgress& progress);
  std::string json_of(const predict::ProjectResult& result,
                      const predict::ProjectReport* report) const;
  void write(const std::string& text);

  BatchPrinterOptions options_;
  Clock* clock_;
  predict::BatchPace pace_;
  std::string project_;
  std::string title_;
  bool has_more_projects_ = false;  ///< Than this one, in the batch.
  std::uint64_t num_shown_ = 0;
  std::chrono::nanoseconds last_event_{};
  std::optional<Progress> bar_;
  Status status_;
};

}  // namespace assay::cli

#include "core/log.h"
#include "record_files/history_index.h"
#include "recorder/local_recorder_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

// The recorder rotates its own folder. While lines leave the current file the derived files stand
// still, events do not: they wait in the journal and in memory. First a checkpoint, so that all
// that is in the current file is behind its anchor; then the rotation, which puts another file in
// its place; then the same checkpoint again with the anchor of the new file, before a line goes
// there. A crash in between leaves a file that the checkpoint does not know and that holds no line
// of later events: opening takes it as it is. Old months are compressed after that, in a thread of
// its own: nothing waits for them.

namespace assay::recorder {
namespace {

// After a full disk, say.
constexpr std::chrono::hours kRetryRotation{1};

void add_months(rotation::RotateReport& report, rotation::RotateReport more) {
  std::ranges::move(more.months, std::back_inserter(report.months));
  std::ranges::sort(report.months, {}, &rotation::RotatedMonth::month);
  for (rotation::RotateProblem& problem : more.problems) {
    // One that kept lines in the current file was told of already.
    const bool is_told = std::ranges::any_of(
        report.problems,
        [&](const rotation::RotateProblem& told) { return told.file == problem.file; });
    if (!is_told) report.problems.push_back(std::move(problem));
  }
  report.num_duplicate += more.num_duplicate;
}

}  // namespace

Result<rotation::RotateReport> LocalRecorder::rotate(Timestamp now,
                                                     const rotation::RotateOptions& options) {
  RETURN_IF_ERROR(check_usable());
  const std::scoped_lock rotating(rotate_mutex_);
  auto report = [&] {
    const std::scoped_lock guard(derive_mutex_);
    return rotate_current(now, options);
  }();
  if (!report) return report;
  ASSIGN_OR_RETURN(auto rest, rotation::rotate_locked(*file_system_, folder_, now, options,
                                                      stop_rotating_.get_token(),
                                                      rotation::RotatePart::kMonths));
  add_months(*report, std::move(rest));
  {
    const std::scoped_lock guard(derive_mutex_);
    rotated_month_ = std::min(record_files::month_of(now), record_files::month_of(clock_->now()));
  }
  update_index();
  return report;
}

// The derived files need not wait for it: nobody else changes the months.
void LocalRecorder::update_index() {
  const auto updated =
      record_files::update_history_index(*file_system_, folder_, stop_rotating_.get_token());
  if (!updated && updated.error().code != ErrorCode::kCancelled) {
    log_warning("the index of the months is old; reports take longer for it",
                {{"folder", folder_.native()}, {"reason", updated.error().message}});
  }
}

Result<rotation::RotateReport> LocalRecorder::rotate_current(
    Timestamp now, const rotation::RotateOptions& options) {
  RETURN_IF_ERROR(derive(Pending::kNow));
  RETURN_IF_ERROR(write_checkpoint_now());
  ASSIGN_OR_RETURN(before_rotation_, derivation::read_checkpoint(
                                         *file_system_, folder_ / "journal" / "checkpoint.json"));
  derivation_->release_history();
  auto report = rotation::rotate_locked(*file_system_, folder_, now, options,
                                        stop_rotating_.get_token(), rotation::RotatePart::kLeaving);
  const Status finished = finish_rotation();
  note_trouble(finished);
  if (report && report->num_unreadable > 0) {
    note_corrupt_lines(report->num_unreadable, "found while rotating");
  }
  return report;
}

Status LocalRecorder::finish_rotation() {
  if (!before_rotation_) return {};
  derivation::Checkpoint again = *before_rotation_;
  RETURN_IF_ERROR(check_folder());
  ASSIGN_OR_RETURN(again.files, derivation_->sync());
  again.time = clock_->now();
  again.rotated_month = rotated_month_ ? record_files::to_text(*rotated_month_) : "";
  RETURN_IF_ERROR(
      derivation::write_checkpoint(*file_system_, folder_ / "journal" / "checkpoint.json", again));
  before_rotation_.reset();
  return {};
}

bool LocalRecorder::is_rotation_due() {
  if (!options_.rotates_monthly) return false;
  const std::scoped_lock guard(derive_mutex_);
  const record_files::Month month = record_files::month_of(clock_->now());
  // At first, and after a clock that was ahead has come back: the next change of month counts.
  if (!rotated_month_ || *rotated_month_ > month) rotated_month_ = month;
  if (*rotated_month_ == month || clock_->monotonic() < next_rotation_try_) return false;
  next_rotation_try_ = clock_->monotonic() + kRetryRotation;
  return true;
}

void LocalRecorder::rotate_when_due() {
  if (is_rotation_due()) rotate_by_itself();
}

void LocalRecorder::rotate_in_background() {
  if (is_rotating_ || !is_rotation_due()) return;
  is_rotating_ = true;
  rotating_thread_ = std::jthread([this] {
    rotate_by_itself();
    is_rotating_ = false;
  });
}

void LocalRecorder::rotate_by_itself() {
  const auto report = rotate(clock_->now(), options_.rotate);
  if (!report) {
    if (report.error().code == ErrorCode::kCancelled) return;
    log_warning("the month has changed, and not all records are in the files of their months yet",
                {{"folder", folder_.native()}, {"reason", report.error().message}});
    return;
  }
  log_info("history: the records of earlier months have files of their own",
           {{"folder", folder_.native()},
            {"moved", fmt::to_string(report->num_moved)},
            {"files", fmt::to_string(report->months.size())}});
  for (const rotation::RotateProblem& problem : report->problems) {
    log_warning("a file of the history was left as it is", {{"reason", problem.message}});
  }
}

}  // namespace assay::recorder

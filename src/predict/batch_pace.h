/// \file
/// How fast a batch is, and how long it will still take.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "predict/plan.h"
#include "predict/project_run.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace assay::predict {

/// Weighs images by their encoded size, so that a project of large ones counts for what it takes.
/// The rates follow a change within half a minute.
///
/// Threads: one call at a time.
class BatchPace {
 public:
  /// `size` is of all images of all projects of the batch. Lifetime: `clock` outlives this.
  BatchPace(const Clock& clock, ByteCount size);

  void begin(const PlannedProject& project);
  void advance(const ProjectProgress& progress);
  /// What is left of the project is not to be done, as after a failure.
  void end();

  /// Of the images that were done in this run, not left to other shards; 0 before there were any.
  double images_per_second() const { return images_per_second_; }
  /// Of the whole batch; nothing before an image was done.
  std::optional<double> remaining_seconds() const;

 private:
  const Clock* clock_;
  double bytes_left_;  ///< Of this project and those that follow.
  double project_bytes_ = 0;
  double project_bytes_done_ = 0;
  std::uint64_t project_images_done_ = 0;
  std::uint64_t project_own_done_ = 0;  ///< Of these, not left to other shards.
  std::chrono::nanoseconds started_;
  std::chrono::nanoseconds measured_at_;
  double images_per_second_ = 0;
  double bytes_per_second_ = 0;
};

}  // namespace assay::predict

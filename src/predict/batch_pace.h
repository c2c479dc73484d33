/// \file
/// How fast a batch is, and how long it will still take.

#pragma once

#include "core/clock.h"
#include "embedding/embed_images.h"
#include "predict/plan.h"
#include "predict/project_run.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace assay::predict {

struct ImageAmount {
  double images = 0;
  double bytes = 0;   ///< Encoded.
  double pixels = 0;  ///< Decoded; 0 where nothing is known of them.

  ImageAmount& operator+=(const ImageAmount& other);
};
ImageAmount operator-(const ImageAmount& left, const ImageAmount& right);
ImageAmount operator*(const ImageAmount& amount, double factor);

/// What the plan knows of it.
ImageAmount amount_of(const PlannedProject& project);

/// Weighs what is left by what the stages took so far: reading by bytes, decoding by pixels, the
/// model by images. Before any took time, by bytes. The rates follow a change within half a minute.
///
/// Threads: one call at a time.
class BatchPace {
 public:
  /// `all` is of all projects of the batch. Lifetime: `clock` outlives this.
  BatchPace(const Clock& clock, const ImageAmount& all);

  void begin(const PlannedProject& project);
  void advance(const ProjectProgress& progress);
  /// What is left of the project is not to be done, as after a failure.
  void end();

  /// Of the images that were done in this run, not left to other shards; 0 before there were any.
  double images_per_second() const { return images_per_second_; }
  /// Of the whole batch; nothing before an image was done.
  std::optional<double> remaining_seconds() const;

 private:
  /// In seconds of a worker, or in bytes while no second is known.
  double cost_of(const ImageAmount& amount) const;
  void learn_pixels();

  const Clock* clock_;
  ImageAmount left_;  ///< Of this project and those that follow.
  ImageAmount project_ = {};
  double project_share_done_ = 0;
  embedding::EmbeddingFigures project_figures_ = {};    ///< In this run.
  embedding::EmbeddingFigures figures_of_others_ = {};  ///< Of the projects before.
  std::chrono::nanoseconds started_;
  std::chrono::nanoseconds measured_at_;
  double images_per_second_ = 0;
  ImageAmount per_second_ = {};
};

}  // namespace assay::predict

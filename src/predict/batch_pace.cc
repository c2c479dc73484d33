#include "predict/batch_pace.h"

#include <algorithm>
#include <cmath>

namespace assay::predict {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds kMemory(30);

}  // namespace

BatchPace::BatchPace(const Clock& clock, ByteCount size)
    : clock_(&clock),
      bytes_left_(static_cast<double>(size.count())),
      started_(clock.monotonic()),
      measured_at_(started_) {}

void BatchPace::begin(const PlannedProject& project) {
  project_bytes_ = static_cast<double>(project.image_size.count());
  project_bytes_done_ = 0;
  project_images_done_ = 0;
  project_own_done_ = 0;
}

void BatchPace::advance(const ProjectProgress& progress) {
  if (progress.num_images == 0) return;
  const auto bytes_of = [&](std::uint64_t num_images) {
    return project_bytes_ * static_cast<double>(num_images) /
           static_cast<double>(progress.num_images);
  };
  const std::uint64_t fresh = progress.figures.num_images() - project_images_done_;
  const std::uint64_t fresh_own = progress.figures.num_own() - project_own_done_;
  project_images_done_ += fresh;
  project_own_done_ += fresh_own;
  project_bytes_done_ = bytes_of(progress.num_before + project_images_done_);
  const std::chrono::nanoseconds now = clock_->monotonic();
  const Seconds took = now - measured_at_;
  if (fresh == 0 || took.count() <= 0) return;
  // The mean of all so far at first, then of what came lately.
  const double weight = std::max(took / Seconds(now - started_), 1 - std::exp(-took / kMemory));
  images_per_second_ +=
      weight * ((static_cast<double>(fresh_own) / took.count()) - images_per_second_);
  bytes_per_second_ += weight * ((bytes_of(fresh) / took.count()) - bytes_per_second_);
  measured_at_ = now;
}

void BatchPace::end() {
  bytes_left_ = std::max(0.0, bytes_left_ - project_bytes_);
  project_bytes_ = 0;
  project_bytes_done_ = 0;
}

std::optional<double> BatchPace::remaining_seconds() const {
  const double left = std::max(0.0, bytes_left_ - project_bytes_done_);
  if (left <= 0) return 0.0;
  if (bytes_per_second_ <= 0) return std::nullopt;
  return left / bytes_per_second_;
}

}  // namespace assay::predict

#include "predict/batch_pace.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace assay::predict {
namespace {

using embedding::EmbeddingFigures;
using embedding::EmbeddingStage;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kMemory(30);

/// Of a unit of what there were `count` of; 0 when there were none.
double seconds_per_unit(const EmbeddingFigures& figures,
                        std::initializer_list<EmbeddingStage> stages, double count) {
  Seconds sum(0);
  for (const EmbeddingStage stage : stages) sum += figures.time.at(static_cast<std::size_t>(stage));
  return count > 0 ? sum.count() / count : 0;
}

}  // namespace

ImageAmount& ImageAmount::operator+=(const ImageAmount& other) {
  images += other.images;
  bytes += other.bytes;
  pixels += other.pixels;
  return *this;
}

ImageAmount operator-(const ImageAmount& left, const ImageAmount& right) {
  return {.images = std::max(0.0, left.images - right.images),
          .bytes = std::max(0.0, left.bytes - right.bytes),
          .pixels = std::max(0.0, left.pixels - right.pixels)};
}

ImageAmount operator*(const ImageAmount& amount, double factor) {
  return {.images = amount.images * factor,
          .bytes = amount.bytes * factor,
          .pixels = amount.pixels * factor};
}

ImageAmount amount_of(const PlannedProject& project) {
  const auto num_images = static_cast<double>(project.num_images);
  return {.images = num_images,
          .bytes = static_cast<double>(project.image_size.count()),
          .pixels = num_images * project.pixels_per_image.value_or(0)};
}

BatchPace::BatchPace(const Clock& clock, const ImageAmount& all)
    : clock_(&clock), left_(all), started_(clock.monotonic()), measured_at_(started_) {}

void BatchPace::begin(const PlannedProject& project) {
  project_ = amount_of(project);
  project_share_done_ = 0;
  project_figures_ = {};
}

double BatchPace::cost_of(const ImageAmount& amount) const {
  EmbeddingFigures figures = figures_of_others_;
  figures += project_figures_;
  const double cost =
      (amount.bytes * seconds_per_unit(figures, {EmbeddingStage::kRead, EmbeddingStage::kHash},
                                       static_cast<double>(figures.bytes_read.count()))) +
      (amount.pixels * seconds_per_unit(figures, {EmbeddingStage::kDecode, EmbeddingStage::kResize},
                                        static_cast<double>(figures.pixels))) +
      (amount.images * seconds_per_unit(figures, {EmbeddingStage::kEmbed, EmbeddingStage::kStore},
                                        static_cast<double>(figures.num_own())));
  return cost > 0 ? cost : amount.bytes;
}

/// Those that were decoded say more than the samples of the plan.
void BatchPace::learn_pixels() {
  if (project_figures_.num_embedded == 0) return;
  const double pixels = project_.images * static_cast<double>(project_figures_.pixels) /
                        static_cast<double>(project_figures_.num_embedded);
  left_.pixels = std::max(0.0, left_.pixels + pixels - project_.pixels);
  project_.pixels = pixels;
}

void BatchPace::advance(const ProjectProgress& progress) {
  if (progress.num_images == 0) return;
  const std::uint64_t fresh = progress.figures.num_images() - project_figures_.num_images();
  const std::uint64_t fresh_own = progress.figures.num_own() - project_figures_.num_own();
  const auto num_images = static_cast<double>(progress.num_images);
  project_figures_ = progress.figures;
  project_share_done_ =
      static_cast<double>(progress.num_before + progress.figures.num_images()) / num_images;
  learn_pixels();
  const std::chrono::nanoseconds now = clock_->monotonic();
  const Seconds took = now - measured_at_;
  if (fresh == 0 || took.count() <= 0) return;
  // The mean of all so far at first, then of what came lately.
  const double weight = std::max(took / Seconds(now - started_), 1 - std::exp(-took / kMemory));
  images_per_second_ +=
      weight * ((static_cast<double>(fresh_own) / took.count()) - images_per_second_);
  per_second_ = per_second_ * (1 - weight);
  per_second_ += project_ * (weight * static_cast<double>(fresh) / num_images / took.count());
  measured_at_ = now;
}

void BatchPace::end() {
  left_ = left_ - project_;
  figures_of_others_ += project_figures_;
  project_figures_ = {};
  project_ = {};
  project_share_done_ = 0;
}

std::optional<double> BatchPace::remaining_seconds() const {
  const ImageAmount left = left_ - (project_ * project_share_done_);
  if (left.bytes <= 0) return 0.0;
  const double per_second = cost_of(per_second_);
  if (per_second <= 0) return std::nullopt;
  return cost_of(left) / per_second;
}

}  // namespace assay::predict

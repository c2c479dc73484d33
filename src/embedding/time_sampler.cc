#include "embedding/time_sampler.h"

#include "core/thread_pool.h"
#include "crypto/digest.h"
#include "images/resize.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace assay::embedding {
namespace {

using Seconds = std::chrono::duration<double>;

// Without a model, the side that ViT-B/32 takes.
constexpr std::uint32_t kUsualSide = 224;
// Batches of each worker that are timed, after one that is not.
constexpr std::size_t kModelRounds = 2;

// Batches that are written and timed, after one that is not.
constexpr std::size_t kStoreRounds = 4;
// Bytes an image beside its vector: in the store, among the known images, in the journal.
constexpr std::size_t kStoreOverhead = 80;
constexpr std::size_t kKnownSize = 112;
constexpr std::size_t kOutcomeSize = 128;

std::size_t crop_size_of(std::uint32_t side) {
  return std::size_t{side} * side * images::kNumChannels;
}

struct KeptBatch {
  std::size_t num_images = 0;
  std::size_t dimension = 0;
};

/// As a worker hands on a batch: three files grow, and each is on disk before the next.
/// Errors: as File.
Status keep(files::File& file, const KeptBatch& batch) {
  for (const std::size_t size :
       {kStoreOverhead + (batch.dimension * sizeof(float)), kKnownSize, kOutcomeSize}) {
    RETURN_IF_ERROR(file.append(std::vector<std::byte>(batch.num_images * size)));
    RETURN_IF_ERROR(file.sync());
  }
  return {};
}

/// Of kStoreRounds batches. Errors: as FileSystem.
Result<Seconds> time_of_keeping(const Clock& clock, files::File& file, const KeptBatch& batch) {
  RETURN_IF_ERROR(keep(file, batch));
  const auto start = clock.monotonic();
  for (std::size_t i = 0; i < kStoreRounds; ++i) RETURN_IF_ERROR(keep(file, batch));
  return clock.monotonic() - start;
}

Result<Seconds> time_of_keeping(const Clock& clock, const ScratchPlace& scratch,
                                const KeptBatch& batch) {
  files::FileSystem& file_system = *scratch.file_system;
  // One may be left of a program that was killed.
  static_cast<void>(file_system.remove(scratch.file));
  ASSIGN_OR_RETURN(const auto file, file_system.open(scratch.file, files::OpenMode::kCreateNew));
  const auto took = time_of_keeping(clock, *file, batch);
  static_cast<void>(file_system.remove(scratch.file));
  return took;
}

}  // namespace

TimeSampler::TimeSampler(const Clock& clock, const ImageEmbedder* embedder,
                         const TimeSamplerOptions& options)
    : clock_(&clock),
      embedder_(embedder),
      options_(options),
      crop_(crop_size_of(embedder == nullptr ? kUsualSide : embedder->crop_side())) {
  basis_.num_workers = std::max<std::size_t>(1, options.num_workers);
}

std::optional<SampledTime> TimeSampler::measure(const archives::EntrySource& source) {
  const auto entries = source.entries();
  std::vector<std::size_t> readable;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].verdict == archives::EntryVerdict::kOk) readable.push_back(i);
  }
  SampledTime time;
  time.num_samples = std::min(options_.num_samples, readable.size());
  const auto start = clock_->monotonic();
  for (std::size_t i = 0; i < time.num_samples; ++i) {
    if (!prepare(source, readable[i * readable.size() / time.num_samples])) ++time.num_failed;
  }
  const Seconds took = clock_->monotonic() - start;
  if (time.num_failed == time.num_samples) return std::nullopt;
  basis_.num_samples += time.num_samples;
  measure_model();
  measure_store();
  time.prepare_seconds_per_image = took.count() / static_cast<double>(time.num_samples);
  const double of_worker =
      time.prepare_seconds_per_image + basis_.store_seconds_per_image.value_or(0);
  time.seconds_per_image = (of_worker / static_cast<double>(basis_.num_workers)) +
                           basis_.model_seconds_per_image.value_or(0);
  return time;
}

// As a worker of embed_images() does.
bool TimeSampler::prepare(const archives::EntrySource& source, std::size_t index) {
  const archives::SourceEntry& entry = source.entries()[index];
  if (entry.size > options_.decode.max_encoded_size) return false;
  encoded_.resize(entry.size.count());
  const auto verdict = source.read(index, encoded_);
  if (!verdict || *verdict != archives::EntryVerdict::kOk) return false;
  static_cast<void>(crypto::sha256(encoded_));
  auto decoded = decoder_.decode(encoded_, options_.decode);
  if (!decoded) return false;
  const std::uint32_t side = embedder_ == nullptr ? kUsualSide : embedder_->crop_side();
  images::clip_crop(decoded->image, side, crop_);
  decoder_.reuse(std::move(decoded->image));
  return true;
}

void TimeSampler::measure_model() {
  if (embedder_ == nullptr || basis_.model_seconds_per_image || !basis_.model_problem.empty()) {
    return;
  }
  const std::size_t batch_size = std::max<std::size_t>(1, embedder_->batch_size());
  std::vector<std::uint8_t> crops;
  crops.reserve(batch_size * crop_.size());
  for (std::size_t i = 0; i < batch_size; ++i) {
    crops.insert(crops.end(), crop_.begin(), crop_.end());
  }
  ThreadPool pool({.num_threads = std::max<std::size_t>(1, basis_.num_workers - 1)});
  const auto run = [&](std::size_t rounds) {
    return parallel_for(pool, basis_.num_workers, [&](std::size_t) -> Status {
      std::vector<float> vectors(batch_size * embedder_->dimension());
      for (std::size_t i = 0; i < rounds; ++i) {
        RETURN_IF_ERROR(embedder_->embed(crops, vectors));
      }
      return {};
    });
  };
  Status status = run(1);
  const auto start = clock_->monotonic();
  if (status) status = run(kModelRounds);
  const Seconds took = clock_->monotonic() - start;
  if (!status) {
    basis_.model_problem = status.error().message;
    return;
  }
  basis_.model_seconds_per_image =
      took.count() / static_cast<double>(kModelRounds * batch_size * basis_.num_workers);
}

void TimeSampler::measure_store() {
  if (embedder_ == nullptr || !options_.scratch) return;
  const ScratchPlace scratch = *options_.scratch;
  options_.scratch.reset();  // once for all sources
  const std::size_t batch_size = std::max<std::size_t>(1, embedder_->batch_size());
  const auto took = time_of_keeping(
      *clock_, scratch, {.num_images = batch_size, .dimension = embedder_->dimension()});
  // A disk that cannot be written is the run's to complain of, not the plan's.
  if (!took) return;
  basis_.store_seconds_per_image = took->count() / static_cast<double>(kStoreRounds * batch_size);
}

}  // namespace assay::embedding

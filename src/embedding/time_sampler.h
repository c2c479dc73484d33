/// \file
/// How long images take, measured on a few of each source.

#pragma once

#include "archives/entry_source.h"
#include "core/clock.h"
#include "core/result.h"
#include "embedding/image_embedder.h"
#include "files/file_system.h"
#include "images/decode.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::embedding {

/// What the samples of one source say.
struct SampledTime {
  /// On the clock, with all workers at work.
  double seconds_per_image = 0;
  /// Of which a worker reads, hashes, decodes and resizes.
  double prepare_seconds_per_image = 0;
  std::uint64_t num_samples = 0;
  std::uint64_t num_failed = 0;  ///< Of the samples; they took time as well.
};

/// What all of it rests on.
struct TimeBasis {
  std::uint64_t num_samples = 0;  ///< Of all sources.
  std::size_t num_workers = 1;
  /// On the clock, with all workers at work.
  std::optional<double> model_seconds_per_image = std::nullopt;
  /// Why the model was not measured; empty when it was.
  std::string model_problem = {};
  /// What a worker waits until its vectors are on disk; none where that was not measured.
  std::optional<double> store_seconds_per_image = std::nullopt;
};

/// Where a file may be written, for a moment, to see how fast the disk is.
struct ScratchPlace {
  files::FileSystem* file_system = nullptr;
  /// In a folder that is there, on the disk of the store. What is there is replaced and removed.
  std::filesystem::path file;
};

struct TimeSamplerOptions {
  std::size_t num_samples = 32;  ///< Of each source, at most.
  std::size_t num_workers = 1;
  images::DecodeOptions decode = {};
  /// Without one, keeping vectors is in no time.
  std::optional<ScratchPlace> scratch = std::nullopt;
};

/// Threads: one call at a time.
class TimeSampler {
 public:
  /// `embedder` may be null: then the model's step is in no time. Lifetime: both outlive this.
  TimeSampler(const Clock& clock, const ImageEmbedder* embedder, const TimeSamplerOptions& options);

  /// Read and decode images from all over the source, one after the other. The model is measured
  /// with the first of them, on as many threads as there are workers, and after it the disk.
  /// Nothing when there are no samples, or none of them is an image.
  std::optional<SampledTime> measure(const archives::EntrySource& source);

  const TimeBasis& basis() const { return basis_; }
  /// Say why there is no embedder.
  void explain_missing_model(std::string problem) { basis_.model_problem = std::move(problem); }

 private:
  bool prepare(const archives::EntrySource& source, std::size_t index);
  void measure_model();
  void measure_store();

  const Clock* clock_;
  const ImageEmbedder* embedder_;
  TimeSamplerOptions options_;
  images::Decoder decoder_;
  std::vector<std::byte> encoded_;
  std::vector<std::uint8_t> crop_;
  TimeBasis basis_;
};

}  // namespace assay::embedding

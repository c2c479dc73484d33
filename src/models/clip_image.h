/// \file
/// Images to vectors: the image tower of CLIP.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_shape.h"
#include "models/engine.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// The curve between the two layers of each block's perceptron. The weights do not tell which one
/// they were trained with.
enum class Activation {
  kGelu,       ///< x * (1 + erf(x / sqrt 2)) / 2
  kQuickGelu,  ///< x * sigmoid(1.702 x), as OpenAI's weights were trained
};

/// "gelu" or "quickgelu": recorded wherever vectors are kept.
std::string_view to_string(Activation activation);
/// Errors: kInvalidInput, which lists the names.
Result<Activation> parse_activation(std::string_view name);

struct ClipOptions {
  Activation activation = Activation::kGelu;
  Precision precision = Precision::kAuto;
  std::string device = "CPU";
  /// How many threads call encode() at a time; the engine keeps as many threads and buffers.
  std::size_t num_workers = 1;
  /// Images computed at a time; the vectors of an image do not depend on its place in a batch.
  std::size_t batch_size = 16;
  /// Needed for kInt8, and for nothing else: what measure_block_inputs() gave, on images of the
  /// kind that comes. Vectors depend on it.
  std::span<const float> block_inputs = {};
};

/// A loaded tower. Threads: const calls are safe from any thread; beyond `num_workers` they wait.
class ClipImageEncoder {
 public:
  /// Build the tower from a checkpoint, which is not needed any longer on return.
  /// Cost: measured for ViT-B/32 on a server of 2025: 0.6 s of the processor, and 0.6 GB in bf16 or
  ///       0.8 GB in fp32.
  /// Errors: kInvalidInput (not a tower, by the name of the tensor; int8 without block inputs),
  ///         kMissing (the device, the engine, or a processor that computes int8),
  ///         kInternal (the engine's own words), those of reading.
  static Result<ClipImageEncoder> load(const Checkpoint& checkpoint, const ClipOptions& options);

  /// Measure the largest absolute value of each number that enters a matrix of a block, in fp32.
  /// Of `options` only activation, device and batch size count.
  ///
  /// Shape:  `crops` as encode() takes them, at least one; out: ClipShape::num_block_inputs().
  /// Errors: as load(), and kInvalidInput (the tower gives no finite numbers).
  static Result<std::vector<float>> measure_block_inputs(const Checkpoint& checkpoint,
                                                         const ClipOptions& options,
                                                         std::span<const std::uint8_t> crops);

  ClipImageEncoder(ClipImageEncoder&&) noexcept;
  ClipImageEncoder& operator=(ClipImageEncoder&&) noexcept;
  ~ClipImageEncoder();

  const ClipShape& shape() const;
  /// What kAuto came to.
  Precision precision() const;
  std::size_t batch_size() const;
  /// Bytes of one image for encode().
  std::size_t crop_size() const;

  /// Compute the vector of each image; they are as the tower gives them, of no particular length.
  ///
  /// Shape:  `crops` [n, side, side, 3] of sRGB bytes, row-major; `vectors` [n, output_width].
  /// Cost:   whole batches: an n that is not a multiple of the batch size costs as the next one.
  /// Errors: kInternal (the engine's own words).
  Status encode(std::span<const std::uint8_t> crops, std::span<float> vectors) const;

 private:
  struct Loaded;
  explicit ClipImageEncoder(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace assay::models

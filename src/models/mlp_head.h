/// \file
/// The small networks behind an embedding: a score for ranking, a box for cropping.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace assay::models {

enum class HeadKind {
  kRanker,  ///< An embedding of 512 to a score without bounds; higher is better.
  kCrop,    ///< An embedding of 512, width and height to left, top, right, bottom in (0, 1).
};

/// "ranker" or "crop".
std::string_view to_string(HeadKind kind);
std::size_t input_width(HeadKind kind);
std::size_t output_width(HeadKind kind);

/// Layers of `weight x + bias` with max(0, x) between them, and for kCrop a sigmoid at the end.
/// Their number and sizes are those of the tensors `PREFIX.I.weight`, in the order of I; PREFIX is
/// `net`, `model` or nothing. Threads: const calls are safe from any thread.
class MlpHead {
 public:
  /// Errors: kInvalidInput (names the tensor that does not fit), those of reading.
  static Result<MlpHead> load(const Checkpoint& checkpoint, HeadKind kind);

  HeadKind kind() const { return kind_; }
  /// Input width, then that of each layer: 512, 256, 64, 1.
  std::vector<std::size_t> widths() const;

  /// Compute the outputs of several inputs; those of one depend neither on the others nor on the
  /// machine, beyond the exponential of the sigmoid.
  ///
  /// Shape: `inputs` [n, input width], `outputs` [n, output width].
  /// Cost:  measured with AVX2, at the known sizes: the ranker 4 and the crop head 12 microseconds
  ///        an input of 96, 16 and 47 of one alone.
  void apply(std::span<const float> inputs, std::span<float> outputs) const;

 private:
  struct Layer {
    std::size_t in = 0;
    std::size_t out = 0;
    /// Weights, [out / 16, in, 16]: sixteen outputs side by side, the last ones filled up with 0.
    std::vector<float> panels;
    std::vector<float> bias;  ///< Filled up likewise.
  };
  MlpHead(HeadKind kind, std::vector<Layer> layers);

  HeadKind kind_;
  std::vector<Layer> layers_;
};

}  // namespace assay::models

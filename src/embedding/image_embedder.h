/// \file
/// What the desk needs of a model: square crops in, vectors out.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::embedding {

/// Threads: all calls are safe from any thread.
class ImageEmbedder {
 public:
  virtual ~ImageEmbedder() = default;
  ImageEmbedder() = default;
  ImageEmbedder(const ImageEmbedder&) = delete;
  ImageEmbedder& operator=(const ImageEmbedder&) = delete;

  /// In pixels.
  virtual std::uint32_t crop_side() const = 0;
  /// Floats of a vector.
  virtual std::size_t dimension() const = 0;
  /// Images that are cheapest together.
  virtual std::size_t batch_size() const = 0;

  /// Compute the vector of each crop. The vector of a crop does not depend on its neighbours.
  ///
  /// Shape:  `crops` [n, side, side, 3] of sRGB bytes, row-major; `vectors` [n, dimension].
  /// Errors: kInternal (the model's own words).
  virtual Status embed(std::span<const std::uint8_t> crops, std::span<float> vectors) const = 0;
};

}  // namespace assay::embedding

/// \file
/// Normally distributed noise that follows from a seed.

#pragma once

#include "core/random.h"

#include <cstdint>
#include <span>
#include <vector>

namespace assay::diffusion {

/// Box and Muller's transform (1958) over SeededRandom: the same numbers in every program that is
/// built with this one's mathematics library, which std::normal_distribution does not promise.
/// Threads: one thread at a time.
class NormalNoise {
 public:
  explicit NormalNoise(std::uint64_t seed) : random_(seed) {}

  /// The next numbers, of mean 0 and deviation 1. Two come at a time: an odd one is left out.
  void fill(std::span<float> into);
  std::vector<float> take(std::size_t count);

 private:
  SeededRandom random_;
};

}  // namespace assay::diffusion

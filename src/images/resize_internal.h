/// \file
/// The parts of resizing: weights of the taps, and the plain and vectorised ways to apply them.

#pragma once

#include "images/image.h"
#include "images/resize.h"

#include <cstdint>
#include <span>
#include <vector>

namespace assay::images {

/// Weights are fixed-point numbers with this many bits behind the point.
inline constexpr int kWeightBits = 22;
inline constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

/// What each output position of one axis takes: `count` input positions from `start`, weighted.
struct AxisTaps {
  struct Range {
    std::uint32_t start = 0;
    std::uint32_t count = 0;
  };
  std::vector<Range> ranges;
  /// `stride` for each output position, zeros behind its count.
  std::vector<std::int32_t> weights;
  std::uint32_t stride = 0;

  /// The input positions that any output takes: first, and one behind the last.
  std::uint32_t first_input() const;
  std::uint32_t end_input() const;
};

/// The taps of the outputs [first, first + count) of an axis resized from `num_inputs` to
/// `num_outputs`.
AxisTaps make_taps(std::uint32_t num_inputs, std::uint32_t num_outputs, std::uint32_t first,
                   std::uint32_t count, ResizeFilter filter);

/// One loop a sample: what the others are compared with.
void resample_plainly(const Image& image, const AxisTaps& columns, const AxisTaps& rows,
                      std::span<std::uint8_t> into);

using Resample = void (*)(const Image& image, const AxisTaps& columns, const AxisTaps& rows,
                          std::span<std::uint8_t> into);

/// Null where the processor lacks the instructions.
Resample resample_by_avx2();
Resample resample_by_avx512();

}  // namespace assay::images

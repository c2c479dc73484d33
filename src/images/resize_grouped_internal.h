/// \file
/// The vectorised resize: what its two sets of instructions share.

#pragma once

#include "images/resize_internal.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::images {

/// Bytes of four neighbouring taps, the first in the lowest.
using TapGroup = std::uint32_t;

/// Lanes that a kernel works on at once, each a group.
inline constexpr std::size_t kNumLanes = 16;

inline constexpr std::size_t kMaxWordsPerGroup = 4;

/// How one set of instructions applies weights to groups.
struct GroupedKernel {
  /// The weights of a group, taken apart into words as multiply_and_add() wants them.
  std::size_t words_per_group = 0;
  void (*encode)(std::span<const std::int32_t, 4> weights, std::uint32_t* words) = nullptr;
  /// The sums of 16 lanes as samples. Lane i of group g is at groups[g * group_stride + i].
  void (*multiply_and_add)(const TapGroup* groups, std::size_t group_stride, std::size_t num_groups,
                           const std::uint32_t* words, std::uint8_t* into) = nullptr;
  /// Four pixels of 16 rows become three times 16 groups: red, green, blue. Reads 16 bytes a row at
  /// a time.
  void (*gather)(const std::array<const std::uint8_t*, kNumLanes>& rows, std::size_t num_groups,
                 TapGroup* into) = nullptr;
};

/// Whose gather() serves both; only on x86-64.
const GroupedKernel& avx2_kernel();

void resample_in_groups(const GroupedKernel& kernel, const Image& image, const AxisTaps& columns,
                        const AxisTaps& rows, std::span<std::uint8_t> into);

}  // namespace assay::images

// A sum over taps is fast when the lanes of a vector are neighbouring outputs that share their
// weights. Down a column that is so by nature: the outputs of one row share them. Along a row it is
// not, so 16 rows are turned first: a lane is a row, and holds four neighbouring samples of one
// channel. Both passes are then one kernel: four taps a lane, weights the same in all lanes. What
// the first pass leaves is stored so that four rows of one sample lie together, as the second wants
// it.
//
// Four taps are taken from positions that are a multiple of four, so a range of taps is widened by
// weights of zero on both sides.

#include "core/check.h"
#include "images/resize_grouped_internal.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

namespace assay::images {
namespace {

constexpr std::uint32_t kGroupSize = 4;

struct GroupedTaps {
  struct Range {
    std::size_t first_group = 0;
    std::size_t num_groups = 0;
    std::size_t first_word = 0;
  };
  std::uint32_t first_input = 0;
  std::size_t num_groups = 0;
  std::vector<Range> ranges;
  std::vector<std::uint32_t> words;
};

GroupedTaps group(const GroupedKernel& kernel, const AxisTaps& taps) {
  GroupedTaps grouped;
  grouped.first_input = taps.first_input();
  grouped.num_groups = ((taps.end_input() - grouped.first_input) + kGroupSize - 1) / kGroupSize;
  for (std::size_t i = 0; i < taps.ranges.size(); ++i) {
    const std::size_t start = taps.ranges[i].start - grouped.first_input;
    const std::size_t end = start + taps.ranges[i].count;
    const std::size_t first = start / kGroupSize;
    const std::size_t last = (end + kGroupSize - 1) / kGroupSize;
    grouped.ranges.push_back(
        {.first_group = first, .num_groups = last - first, .first_word = grouped.words.size()});
    for (std::size_t position = first * kGroupSize; position < last * kGroupSize;
         position += kGroupSize) {
      std::array<std::int32_t, kGroupSize> weights{};
      for (std::size_t k = 0; k < kGroupSize; ++k) {
        if (position + k < start || position + k >= end) continue;
        weights[k] = taps.weights[(taps.stride * i) + (position + k - start)];
        // Below 2 in the fixed-point form: three signed bytes hold it.
        CHECK(weights[k] > -(1 << 22) && weights[k] < (1 << 23) - (1 << 16),
              "a weight of a filter");
      }
      std::array<std::uint32_t, kMaxWordsPerGroup> words{};
      kernel.encode(weights, words.data());
      grouped.words.insert(grouped.words.end(), words.begin(),
                           words.begin() + static_cast<std::ptrdiff_t>(kernel.words_per_group));
    }
  }
  return grouped;
}

std::size_t round_up_to_lanes(std::size_t count) {
  return (count + kNumLanes - 1) / kNumLanes * kNumLanes;
}

/// What the first pass leaves: groups of four rows, a lane for each sample of a row.
struct NarrowRows {
  std::size_t num_samples = 0;
  std::size_t stride = 0;
  std::vector<TapGroup> groups;
};

NarrowRows narrow_rows(const GroupedKernel& kernel, const Image& image, const GroupedTaps& columns,
                       std::uint32_t first_row, std::uint32_t end_row) {
  NarrowRows narrow;
  narrow.num_samples = columns.ranges.size() * kNumChannels;
  narrow.stride = round_up_to_lanes(narrow.num_samples);
  narrow.groups.resize(round_up_to_lanes(end_row - first_row) / kGroupSize * narrow.stride);
  std::vector<TapGroup> turned(columns.num_groups * kNumChannels * kNumLanes);
  // The last group may reach beyond the row, and in the last row beyond the image, into its tail.
  for (std::uint32_t y = first_row; y < end_row; y += kNumLanes) {
    std::array<const std::uint8_t*, kNumLanes> rows{};
    for (std::uint32_t i = 0; i < kNumLanes; ++i) {
      rows[i] = image.row(std::min(y + i, end_row - 1)) + (columns.first_input * kNumChannels);
    }
    kernel.gather(rows, columns.num_groups, turned.data());
    TapGroup* out = &narrow.groups[(y - first_row) / kGroupSize * narrow.stride];
    for (const GroupedTaps::Range& range : columns.ranges) {
      for (std::size_t channel = 0; channel < kNumChannels; ++channel) {
        std::array<std::uint8_t, kNumLanes> samples;
        kernel.multiply_and_add(&turned[((range.first_group * kNumChannels) + channel) * kNumLanes],
                                kNumChannels * kNumLanes, range.num_groups,
                                &columns.words[range.first_word], samples.data());
        for (std::size_t k = 0; k < kNumLanes / kGroupSize; ++k) {
          std::memcpy(out + (k * narrow.stride), &samples[k * kGroupSize], kGroupSize);
        }
        ++out;
      }
    }
  }
  return narrow;
}

}  // namespace

void resample_in_groups(const GroupedKernel& kernel, const Image& image, const AxisTaps& columns,
                        const AxisTaps& rows, std::span<std::uint8_t> into) {
  const GroupedTaps grouped_rows = group(kernel, rows);
  const NarrowRows narrow = narrow_rows(kernel, image, group(kernel, columns),
                                        grouped_rows.first_input, rows.end_input());
  std::uint8_t* out = into.data();
  for (const GroupedTaps::Range& range : grouped_rows.ranges) {
    const TapGroup* groups = &narrow.groups[range.first_group * narrow.stride];
    const std::uint32_t* words = &grouped_rows.words[range.first_word];
    std::size_t x = 0;
    for (; x + kNumLanes <= narrow.num_samples; x += kNumLanes) {
      kernel.multiply_and_add(groups + x, narrow.stride, range.num_groups, words, out + x);
    }
    if (x < narrow.num_samples) {
      std::array<std::uint8_t, kNumLanes> samples;
      kernel.multiply_and_add(groups + x, narrow.stride, range.num_groups, words, samples.data());
      std::memcpy(out + x, samples.data(), narrow.num_samples - x);
    }
    out += narrow.num_samples;
  }
}

}  // namespace assay::images

#include "images/perceptual_hash.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace assay::images {
namespace {

constexpr std::size_t kSide = 32;
constexpr std::size_t kNumBits = 64;
constexpr std::uint32_t kBlockSide = 8;  // of DecodeDetail::kBlocks
// Of a cell: evenly spread, they say as much of its mean as all of them.
constexpr std::uint32_t kMaxRows = 8;
// The last diagonal of the zig-zag that the 64 coefficients reach: 2 + 3 + ... + 11 >= 64.
constexpr std::size_t kNumFrequencies = 11;

using Grid = std::array<std::array<double, kSide>, kSide>;
using Coefficients = std::array<std::array<double, kNumFrequencies>, kNumFrequencies>;

struct Span {
  std::uint32_t begin;
  std::uint32_t end;
};

/// The pixels of a cell along one axis: at least one, so that small images fill the grid too.
Span span_of(std::size_t cell, std::uint32_t length) {
  const auto begin = static_cast<std::uint32_t>(cell * length / kSide);
  const auto end = static_cast<std::uint32_t>((cell + 1) * length / kSide);
  return {begin, std::max(begin + 1, end)};
}

/// Add `samples` to `sums`, and bring the row `next` near meanwhile: the processor does not foresee
/// rows that are far apart, and the wait would be most of the time.
void add_row(const std::uint8_t* samples, const std::uint8_t* next, std::span<std::uint16_t> sums) {
  constexpr std::size_t kCacheLineSize = 64;
  for (std::size_t begin = 0; begin < sums.size(); begin += kCacheLineSize) {
    __builtin_prefetch(next + begin);
    const std::size_t end = std::min(begin + kCacheLineSize, sums.size());
    for (std::size_t i = begin; i < end; ++i) {
      sums[i] = static_cast<std::uint16_t>(sums[i] + samples[i]);
    }
  }
}

/// The samples of some rows of the image added up, column by column, as fast as memory is read.
/// Returns how many rows. Pre: `sums` has one of each sample of a row.
std::uint32_t add_rows(const Image& image, Span rows, std::span<std::uint16_t> sums) {
  std::ranges::fill(sums, std::uint16_t{0});
  const std::uint32_t step = std::max<std::uint32_t>(1, (rows.end - rows.begin) / kMaxRows);
  std::uint32_t num_rows = 0;  // below 16: no sum overflows
  for (std::uint32_t row = rows.begin; row < rows.end; row += step) {
    ++num_rows;
    add_row(image.row(row), image.row(std::min(row + step, image.height() - 1)), sums);
  }
  return num_rows;
}

Grid mean_luma(const Image& image) {
  Grid grid{};
  std::vector<std::uint16_t> sums(std::size_t{image.width()} * kNumChannels);
  for (std::size_t y = 0; y < kSide; ++y) {
    const std::uint64_t num_rows = add_rows(image, span_of(y, image.height()), sums);
    for (std::size_t x = 0; x < kSide; ++x) {
      const Span columns = span_of(x, image.width());
      std::uint64_t red = 0;
      std::uint64_t green = 0;
      std::uint64_t blue = 0;
      for (std::uint32_t column = columns.begin; column < columns.end; ++column) {
        const std::uint16_t* const pixel = &sums[std::size_t{column} * kNumChannels];
        red += pixel[0];
        green += pixel[1];
        blue += pixel[2];
      }
      const std::uint64_t luma = (77 * red) + (150 * green) + (29 * blue);
      const std::uint64_t count = num_rows * (columns.end - columns.begin);
      grid[y][x] = static_cast<double>(luma) / static_cast<double>(count * 256);
    }
  }
  return grid;
}

struct Share {
  std::uint32_t pixel;
  double part;  // of the cell, 0 to 1
};
using Shares = std::array<std::vector<Share>, kSide>;

/// Of each cell along one axis: the pixels of the smaller image, each by how much of the cell its
/// part of the whole image covers. Pre: a pixel stands for `scale` of them, the last for the rest.
Shares shares_of(std::uint32_t length, std::uint32_t whole_length, std::uint32_t scale) {
  Shares shares;
  for (std::size_t cell = 0; cell < kSide; ++cell) {
    const Span span = span_of(cell, whole_length);
    for (std::uint32_t pixel = span.begin / scale; pixel < length; ++pixel) {
      const std::uint32_t begin = std::max(pixel * scale, span.begin);
      const std::uint32_t end = std::min((pixel + 1) * scale, span.end);
      if (begin >= end) break;
      shares[cell].push_back(
          {.pixel = pixel,
           .part = static_cast<double>(end - begin) / static_cast<double>(span.end - span.begin)});
    }
  }
  return shares;
}

Grid mean_luma_of_blocks(const Image& image, ImageSize whole, std::uint32_t scale) {
  const Shares columns = shares_of(image.width(), whole.width, scale);
  const Shares rows = shares_of(image.height(), whole.height, scale);
  Grid grid{};
  for (std::size_t y = 0; y < kSide; ++y) {
    for (const Share& row : rows[y]) {
      const std::uint8_t* const samples = image.row(row.pixel);
      for (std::size_t x = 0; x < kSide; ++x) {
        double luma = 0;
        for (const Share& column : columns[x]) {
          const std::uint8_t* const pixel = samples + (std::size_t{column.pixel} * kNumChannels);
          luma += column.part * ((77 * pixel[0]) + (150 * pixel[1]) + (29 * pixel[2]));
        }
        grid[y][x] += row.part * luma / 256;
      }
    }
  }
  return grid;
}

const Grid& cosines() {
  static const Grid table = [] {
    Grid made{};
    for (std::size_t frequency = 0; frequency < kNumFrequencies; ++frequency) {
      for (std::size_t at = 0; at < kSide; ++at) {
        made[frequency][at] =
            std::cos(std::numbers::pi * static_cast<double>(frequency * (2 * at + 1)) /
                     static_cast<double>(2 * kSide));
      }
    }
    return made;
  }();
  return table;
}

Coefficients transform(const Grid& grid) {
  const Grid& table = cosines();
  std::array<std::array<double, kSide>, kNumFrequencies> along_rows{};  // [frequency][y]
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t u = 0; u < kNumFrequencies; ++u) {
      double sum = 0;
      for (std::size_t x = 0; x < kSide; ++x) sum += grid[y][x] * table[u][x];
      along_rows[u][y] = sum;
    }
  }
  Coefficients result{};
  for (std::size_t v = 0; v < kNumFrequencies; ++v) {
    for (std::size_t u = 0; u < kNumFrequencies; ++u) {
      double sum = 0;
      for (std::size_t y = 0; y < kSide; ++y) sum += along_rows[u][y] * table[v][y];
      result[v][u] = sum;
    }
  }
  return result;
}

/// Rounded far above what machines differ by, so that all of them get the same bits.
std::array<std::int64_t, kNumBits> zig_zag(const Coefficients& coefficients) {
  std::array<std::int64_t, kNumBits> result{};
  std::size_t count = 0;
  for (std::size_t diagonal = 1; count < kNumBits; ++diagonal) {
    for (std::size_t step = 0; step <= diagonal && count < kNumBits; ++step) {
      const std::size_t v = diagonal % 2 == 0 ? diagonal - step : step;
      result[count++] = std::llround(coefficients[v][diagonal - v] * 64);
    }
  }
  return result;
}

}  // namespace

std::uint64_t perceptual_hash(const Image& image, ImageSize whole) {
  CHECK(image.size().num_pixels() > 0, "an empty image has no look");
  const bool is_whole = image.size() == whole;
  const auto values = zig_zag(
      transform(is_whole ? mean_luma(image) : mean_luma_of_blocks(image, whole, kBlockSide)));
  auto sorted = values;
  std::ranges::nth_element(sorted, sorted.begin() + (kNumBits / 2));
  const std::int64_t median = sorted[kNumBits / 2];
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kNumBits; ++i) {
    if (values[i] > median) hash |= std::uint64_t{1} << i;
  }
  return hash;
}

std::uint64_t perceptual_hash(const Image& image) { return perceptual_hash(image, image.size()); }

int hash_distance(std::uint64_t left, std::uint64_t right) { return std::popcount(left ^ right); }

}  // namespace assay::images

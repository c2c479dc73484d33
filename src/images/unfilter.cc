#include "images/unfilter_internal.h"

#include <cstdlib>
#include <cstring>

namespace assay::images {
namespace {

std::uint8_t paeth(int left, int above, int diagonal) {
  const int guess = left + above - diagonal;
  const int to_left = std::abs(guess - left);
  const int to_above = std::abs(guess - above);
  const int to_diagonal = std::abs(guess - diagonal);
  if (to_left <= to_above && to_left <= to_diagonal) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_diagonal ? above : diagonal);
}

/// Samples left of and above the image are zero: `above` is null for the first row.
void unfilter_row(PngFilter filter, const std::uint8_t* stored, const std::uint8_t* above,
                  std::size_t row_size, std::size_t pixel_size, std::uint8_t* out) {
  for (std::size_t i = 0; i < row_size; ++i) {
    const bool has_left = i >= pixel_size;
    const int left = has_left ? out[i - pixel_size] : 0;
    const int up = above != nullptr ? above[i] : 0;
    const int diagonal = has_left && above != nullptr ? above[i - pixel_size] : 0;
    int guess = 0;
    switch (filter) {
      case PngFilter::kNone:
        break;
      case PngFilter::kLeft:
        guess = left;
        break;
      case PngFilter::kAbove:
        guess = up;
        break;
      case PngFilter::kAverage:
        guess = (left + up) / 2;
        break;
      case PngFilter::kPaeth:
        guess = paeth(left, up, diagonal);
        break;
    }
    out[i] = static_cast<std::uint8_t>(stored[i] + guess);
  }
}

}  // namespace

void unfilter_plainly(const FilteredRows& rows, std::uint8_t* out) {
  const std::uint8_t* above = nullptr;
  for (std::size_t y = 0; y < rows.num_rows; ++y) {
    const std::uint8_t* stored = rows.stored + (y * (rows.row_size + 1));
    unfilter_row(static_cast<PngFilter>(stored[0]), stored + 1, above, rows.row_size,
                 rows.pixel_size, out);
    above = out;
    out += rows.row_size;
  }
}

void unfilter(const FilteredRows& rows, std::uint8_t* out) { unfilter_plainly(rows, out); }

}  // namespace assay::images

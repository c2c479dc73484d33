/// \file
/// Undoing PNG's prediction of samples by their neighbours.

#pragma once

#include <cstddef>
#include <cstdint>

namespace assay::images {

/// PNG's filters, by its numbers.
enum class PngFilter : std::uint8_t { kNone = 0, kLeft = 1, kAbove = 2, kAverage = 3, kPaeth = 4 };

/// Rows to work on. Each stored row is one byte that names its filter, and `row_size` more.
struct FilteredRows {
  const std::uint8_t* stored = nullptr;
  /// The finished row above the first; null where that is the first of the image.
  const std::uint8_t* above = nullptr;
  std::size_t row_size = 0;
  std::size_t num_rows = 0;
  std::size_t pixel_size = 0;
};

/// Work out `rows` one after another into `out`, rows of the same size without the byte. Beyond the
/// image all is zero; unknown filters count as none.
void unfilter_plainly(const FilteredRows& rows, std::uint8_t* out);

/// The same, fast for pixels of three and four bytes.
///
/// Pre: four bytes behind the last of `stored`, of `above` and of `out` may be read.
void unfilter(const FilteredRows& rows, std::uint8_t* out);

}  // namespace assay::images

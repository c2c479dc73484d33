// Two of PNG's filters make each pixel wait for the one on its left: a chain of some ten
// instructions a pixel, which no vector shortens. But a row may follow the one above it at the
// distance of a pixel, so four rows run down such a chain together, each one pixel behind the row
// above: two rows a vector, four samples of 16 bits a row. All filters are Paeth's with some
// neighbours taken as zero, but the average, so the rows may differ in their filters.

#include "images/unfilter_internal.h"

#include <array>
#include <cstdlib>
#include <cstring>

#ifdef __x86_64__
#include <smmintrin.h>
#endif

namespace assay::images {
namespace {

constexpr std::size_t kRowsInFlight = 4;

std::uint8_t paeth(int left, int above, int diagonal) {
  const int guess = left + above - diagonal;
  const int to_left = std::abs(guess - left);
  const int to_above = std::abs(guess - above);
  const int to_diagonal = std::abs(guess - diagonal);
  if (to_left <= to_above && to_left <= to_diagonal) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_diagonal ? above : diagonal);
}

/// `above` is null for the first row.
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

template <std::size_t kPixelSize>
void add_left(const std::uint8_t* stored, std::size_t row_size, std::uint8_t* out) {
  std::array<std::uint8_t, kPixelSize> left{};
  for (std::size_t i = 0; i + kPixelSize <= row_size; i += kPixelSize) {
    for (std::size_t k = 0; k < kPixelSize; ++k) {
      left[k] = static_cast<std::uint8_t>(left[k] + stored[i + k]);
      out[i + k] = left[k];
    }
  }
}

/// The filters whose samples do not wait for each other, without a test a sample.
void unfilter_simple_row(PngFilter filter, const std::uint8_t* stored, const std::uint8_t* above,
                         std::size_t row_size, std::size_t pixel_size, std::uint8_t* out) {
  if (filter == PngFilter::kLeft && pixel_size == 3) {
    add_left<3>(stored, row_size, out);
  } else if (filter == PngFilter::kLeft && pixel_size == 4) {
    add_left<4>(stored, row_size, out);
  } else if (filter == PngFilter::kAbove && above != nullptr) {
    for (std::size_t i = 0; i < row_size; ++i) {
      out[i] = static_cast<std::uint8_t>(stored[i] + above[i]);
    }
  } else if (filter == PngFilter::kAbove || filter == PngFilter::kNone) {
    std::memcpy(out, stored, row_size);
  } else {
    unfilter_row(filter, stored, above, row_size, pixel_size, out);
  }
}

#ifdef __x86_64__

// Inlined into its caller, so that the neighbours stay in registers.
#define ASSAY_SSE41 __attribute__((target("sse4.1")))
#define ASSAY_SSE41_INLINE __attribute__((target("sse4.1"), always_inline)) inline

ASSAY_SSE41_INLINE __m128i load_pixel(const std::uint8_t* pixel) {
  std::int32_t bits = 0;
  std::memcpy(&bits, pixel, sizeof bits);
  return _mm_cvtsi32_si128(bits);
}

/// Two rows in one vector: what they know of their neighbours.
struct RowPair {
  __m128i left;
  __m128i above;
  __m128i diagonal;
};

/// Which neighbours the filters of two rows look at.
struct PairMasks {
  __m128i left;
  __m128i above;
  __m128i diagonal;
  __m128i average;
};

ASSAY_SSE41 PairMasks masks_of(PngFilter first, PngFilter second) {
  const auto mask = [](bool has_first, bool has_second) ASSAY_SSE41 {
    return _mm_set_epi64x(has_second ? -1 : 0, has_first ? -1 : 0);
  };
  const auto takes_left = [](PngFilter filter) {
    return filter == PngFilter::kLeft || filter == PngFilter::kAverage ||
           filter == PngFilter::kPaeth;
  };
  const auto takes_above = [](PngFilter filter) {
    return filter == PngFilter::kAbove || filter == PngFilter::kAverage ||
           filter == PngFilter::kPaeth;
  };
  return {.left = mask(takes_left(first), takes_left(second)),
          .above = mask(takes_above(first), takes_above(second)),
          .diagonal = mask(first == PngFilter::kPaeth, second == PngFilter::kPaeth),
          .average = mask(first == PngFilter::kAverage, second == PngFilter::kAverage)};
}

ASSAY_SSE41_INLINE __m128i guess(const RowPair& pair, const PairMasks& masks) {
  const __m128i left = _mm_and_si128(pair.left, masks.left);
  const __m128i above = _mm_and_si128(pair.above, masks.above);
  const __m128i diagonal = _mm_and_si128(pair.diagonal, masks.diagonal);
  const __m128i beyond_left = _mm_sub_epi16(above, diagonal);
  const __m128i beyond_above = _mm_sub_epi16(left, diagonal);
  const __m128i to_left = _mm_abs_epi16(beyond_left);
  const __m128i to_above = _mm_abs_epi16(beyond_above);
  const __m128i to_diagonal = _mm_abs_epi16(_mm_add_epi16(beyond_left, beyond_above));
  const __m128i nearest = _mm_min_epi16(to_diagonal, _mm_min_epi16(to_left, to_above));
  const __m128i not_left = _mm_blendv_epi8(diagonal, above, _mm_cmpeq_epi16(nearest, to_above));
  const __m128i chosen = _mm_blendv_epi8(not_left, left, _mm_cmpeq_epi16(nearest, to_left));
  const __m128i average = _mm_srli_epi16(_mm_add_epi16(left, above), 1);
  return _mm_blendv_epi8(chosen, average, masks.average);
}

template <std::size_t kPixelSize>
struct RowsInFlight {
  std::array<const std::uint8_t*, kRowsInFlight> stored;
  std::array<std::uint8_t*, kRowsInFlight> out;
  /// Null where nothing is above the first.
  const std::uint8_t* above = nullptr;
  std::size_t width = 0;
  PairMasks masks0;
  PairMasks masks1;
  RowPair pair0;
  RowPair pair1;

  template <bool kIsEdge>
  ASSAY_SSE41_INLINE __m128i stored_pixel(std::size_t k, std::size_t step) const {
    const bool is_inside = !kIsEdge || (step >= k && step - k < width);
    return is_inside ? load_pixel(stored[k] + ((step - k) * kPixelSize)) : _mm_setzero_si128();
  }

  /// Row k is at pixel step - k. At the edges some rows have not begun or have ended.
  template <bool kIsEdge>
  ASSAY_SSE41_INLINE void advance(std::size_t step) {
    const bool has_above = above != nullptr && (!kIsEdge || step < width);
    const __m128i above0 = has_above ? _mm_cvtepu8_epi16(load_pixel(above + (step * kPixelSize)))
                                     : _mm_setzero_si128();
    pair0.diagonal = pair0.above;
    pair1.diagonal = pair1.above;
    // The second row of a pair is below the first, and the second pair below the first.
    const __m128d left0 = _mm_castsi128_pd(pair0.left);
    const __m128d left1 = _mm_castsi128_pd(pair1.left);
    pair0.above = _mm_unpacklo_epi64(above0, pair0.left);
    pair1.above = _mm_castpd_si128(_mm_shuffle_pd(left0, left1, 1));
    const __m128i stored0 = _mm_cvtepu8_epi16(
        _mm_unpacklo_epi32(stored_pixel<kIsEdge>(0, step), stored_pixel<kIsEdge>(1, step)));
    const __m128i stored1 = _mm_cvtepu8_epi16(
        _mm_unpacklo_epi32(stored_pixel<kIsEdge>(2, step), stored_pixel<kIsEdge>(3, step)));
    const __m128i byte = _mm_set1_epi16(0xff);
    __m128i done0 = _mm_and_si128(_mm_add_epi16(stored0, guess(pair0, masks0)), byte);
    __m128i done1 = _mm_and_si128(_mm_add_epi16(stored1, guess(pair1, masks1)), byte);
    if (kIsEdge && step < kRowsInFlight - 1) {  // what is left of the image is zero
      done0 = _mm_and_si128(done0, _mm_set_epi64x(step >= 1 ? -1 : 0, -1));
      done1 = _mm_and_si128(done1, _mm_set_epi64x(0, step >= 2 ? -1 : 0));
    }
    pair0.left = done0;
    pair1.left = done1;
    const __m128i done = _mm_packus_epi16(done0, done1);
    const std::array<std::int32_t, kRowsInFlight> values{
        _mm_cvtsi128_si32(done), _mm_extract_epi32(done, 1), _mm_extract_epi32(done, 2),
        _mm_extract_epi32(done, 3)};
    for (std::size_t k = 0; k < kRowsInFlight; ++k) {
      if (kIsEdge && (step < k || step - k >= width)) continue;
      // Four bytes at once, whose last the next pixel overwrites; the last pixel has none.
      const bool is_last = kIsEdge && step - k + 1 == width;
      std::memcpy(out[k] + ((step - k) * kPixelSize), &values[k], is_last ? kPixelSize : 4);
    }
  }
};

template <std::size_t kPixelSize>
ASSAY_SSE41 void unfilter_four_rows(const FilteredRows& rows, const std::uint8_t* above,
                                    std::size_t first, std::uint8_t* out) {
  RowsInFlight<kPixelSize> flight;
  std::array<PngFilter, kRowsInFlight> filters;
  for (std::size_t k = 0; k < kRowsInFlight; ++k) {
    const std::uint8_t* stored = rows.stored + ((first + k) * (rows.row_size + 1));
    filters[k] = static_cast<PngFilter>(stored[0]);
    flight.stored[k] = stored + 1;
    flight.out[k] = out + ((first + k) * rows.row_size);
  }
  flight.above = above;
  flight.width = rows.row_size / kPixelSize;
  flight.masks0 = masks_of(filters[0], filters[1]);
  flight.masks1 = masks_of(filters[2], filters[3]);
  const __m128i zero = _mm_setzero_si128();
  flight.pair0 = {.left = zero, .above = zero, .diagonal = zero};
  flight.pair1 = flight.pair0;
  const std::size_t num_steps = flight.width + kRowsInFlight - 1;
  std::size_t step = 0;
  for (; step < kRowsInFlight - 1; ++step) flight.template advance<true>(step);
  for (; step + 1 < flight.width; ++step) flight.template advance<false>(step);
  for (; step < num_steps; ++step) flight.template advance<true>(step);
}

bool is_serial(std::uint8_t filter) {
  return filter == static_cast<std::uint8_t>(PngFilter::kAverage) ||
         filter == static_cast<std::uint8_t>(PngFilter::kPaeth);
}

/// Whether four rows from `first` are there, and worth it.
bool is_for_flight(const FilteredRows& rows, std::size_t first) {
  if (rows.pixel_size != 3 && rows.pixel_size != 4) return false;
  if (first + kRowsInFlight > rows.num_rows) return false;
  for (std::size_t k = 0; k < kRowsInFlight; ++k) {
    if (is_serial(rows.stored[(first + k) * (rows.row_size + 1)])) return true;
  }
  return false;
}

#endif

}  // namespace

void unfilter_plainly(const FilteredRows& rows, std::uint8_t* out) {
  const std::uint8_t* above = rows.above;
  for (std::size_t y = 0; y < rows.num_rows; ++y) {
    const std::uint8_t* stored = rows.stored + (y * (rows.row_size + 1));
    unfilter_row(static_cast<PngFilter>(stored[0]), stored + 1, above, rows.row_size,
                 rows.pixel_size, out);
    above = out;
    out += rows.row_size;
  }
}

void unfilter(const FilteredRows& rows, std::uint8_t* out) {
#ifdef __x86_64__
  static const bool has_instructions = __builtin_cpu_supports("sse4.1") != 0;
#endif
  const std::uint8_t* above = rows.above;
  for (std::size_t y = 0; y < rows.num_rows;) {
    std::size_t num_done = 1;
#ifdef __x86_64__
    if (has_instructions && is_for_flight(rows, y)) {
      num_done = kRowsInFlight;
      if (rows.pixel_size == 3) {
        unfilter_four_rows<3>(rows, above, y, out);
      } else {
        unfilter_four_rows<4>(rows, above, y, out);
      }
    }
#endif
    if (num_done == 1) {
      const std::uint8_t* stored = rows.stored + (y * (rows.row_size + 1));
      unfilter_simple_row(static_cast<PngFilter>(stored[0]), stored + 1, above, rows.row_size,
                          rows.pixel_size, out + (y * rows.row_size));
    }
    y += num_done;
    above = out + ((y - 1) * rows.row_size);
  }
}

}  // namespace assay::images

// Two of PNG's filters make each pixel wait for the one on its left: a chain of some ten
// instructions a pixel, which no vector shortens. But a row may follow the one above it at the
// distance of a pixel, so four rows run down such a chain together, each one pixel behind the row
// above: two rows a vector, four samples of 16 bits a row. All filters are Paeth's with some
// neighbours taken as zero, but the average, so the rows may differ in their filters.

#include "images/unfilter_internal.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>

#ifdef __x86_64__
#include <immintrin.h>
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

// AVX for its instructions of three operands: half of SSE's are copies. Inlined into the caller, so
// that the neighbours stay in registers.
#define ASSAY_AVX __attribute__((target("avx")))
#define ASSAY_AVX_INLINE __attribute__((target("avx"), always_inline)) inline

ASSAY_AVX_INLINE __m128i load_pixel(const std::uint8_t* pixel) {
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

ASSAY_AVX PairMasks masks_of(PngFilter first, PngFilter second) {
  const auto mask = [](bool has_first, bool has_second) ASSAY_AVX {
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

/// What the filters of four rows have in common, which decides what has to be worked out.
enum class FilterMix : std::uint8_t { kAllPaeth, kNoPaeth, kAny };

ASSAY_AVX_INLINE __m128i guess_paeth(__m128i left, __m128i above, __m128i diagonal) {
  const __m128i beyond_left = _mm_sub_epi16(above, diagonal);
  const __m128i beyond_above = _mm_sub_epi16(left, diagonal);
  const __m128i to_left = _mm_abs_epi16(beyond_left);
  const __m128i to_above = _mm_abs_epi16(beyond_above);
  const __m128i to_diagonal = _mm_abs_epi16(_mm_add_epi16(beyond_left, beyond_above));
  const __m128i nearest = _mm_min_epi16(to_diagonal, _mm_min_epi16(to_left, to_above));
  const __m128i not_left = _mm_blendv_epi8(diagonal, above, _mm_cmpeq_epi16(nearest, to_above));
  return _mm_blendv_epi8(not_left, left, _mm_cmpeq_epi16(nearest, to_left));
}

template <FilterMix kMix>
ASSAY_AVX_INLINE __m128i guess(const RowPair& pair, const PairMasks& masks) {
  if (kMix == FilterMix::kAllPaeth) return guess_paeth(pair.left, pair.above, pair.diagonal);
  const __m128i left = _mm_and_si128(pair.left, masks.left);
  const __m128i above = _mm_and_si128(pair.above, masks.above);
  const __m128i sum = _mm_add_epi16(left, above);  // of one neighbour, where the other is masked
  const __m128i average = _mm_srli_epi16(sum, 1);
  if (kMix == FilterMix::kNoPaeth) return _mm_blendv_epi8(sum, average, masks.average);
  const __m128i paeth = guess_paeth(left, above, _mm_and_si128(pair.diagonal, masks.diagonal));
  return _mm_blendv_epi8(paeth, average, masks.average);
}

/// Four rows on their way. Only plain members: the compiler keeps them in registers.
template <std::size_t kPixelSize, FilterMix kMix>
struct RowsInFlight {
  /// Of the first row; the others follow at a distance.
  const std::uint8_t* stored = nullptr;
  std::uint8_t* out = nullptr;
  /// Null where nothing is above the first.
  const std::uint8_t* above = nullptr;
  std::size_t row_size = 0;
  std::size_t width = 0;
  PairMasks masks0;
  PairMasks masks1;
  RowPair pair0;
  RowPair pair1;

  template <bool kIsEdge>
  bool is_inside(std::size_t row, std::size_t step) const {
    return !kIsEdge || (step >= row && step - row < width);
  }

  template <bool kIsEdge>
  ASSAY_AVX_INLINE __m128i stored_pixel(std::size_t row, std::size_t step) const {
    if (!is_inside<kIsEdge>(row, step)) return _mm_setzero_si128();
    return load_pixel(stored + (row * (row_size + 1)) + ((step - row) * kPixelSize));
  }

  template <bool kIsEdge>
  ASSAY_AVX_INLINE void store_pixel(std::size_t row, std::size_t step, int value) {
    if (!is_inside<kIsEdge>(row, step)) return;
    std::uint8_t* pixel = out + (row * row_size) + ((step - row) * kPixelSize);
    // Four bytes at once, whose last the next pixel overwrites; the last pixel has none.
    const bool is_last = kIsEdge && step - row + 1 == width;
    std::memcpy(pixel, &value, is_last ? kPixelSize : sizeof value);
  }

  /// Row k is at pixel step - k. At the edges some rows have not begun or have ended.
  template <bool kIsEdge>
  ASSAY_AVX_INLINE void advance(std::size_t step) {
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
    __m128i done0 = _mm_and_si128(_mm_add_epi16(stored0, guess<kMix>(pair0, masks0)), byte);
    __m128i done1 = _mm_and_si128(_mm_add_epi16(stored1, guess<kMix>(pair1, masks1)), byte);
    if (kIsEdge && step < kRowsInFlight - 1) {  // what is left of the image is zero
      done0 = _mm_and_si128(done0, _mm_set_epi64x(step >= 1 ? -1 : 0, -1));
      done1 = _mm_and_si128(done1, _mm_set_epi64x(0, step >= 2 ? -1 : 0));
    }
    pair0.left = done0;
    pair1.left = done1;
    const __m128i done = _mm_packus_epi16(done0, done1);
    store_pixel<kIsEdge>(0, step, _mm_cvtsi128_si32(done));
    store_pixel<kIsEdge>(1, step, _mm_extract_epi32(done, 1));
    store_pixel<kIsEdge>(2, step, _mm_extract_epi32(done, 2));
    store_pixel<kIsEdge>(3, step, _mm_extract_epi32(done, 3));
  }
};

// What is written goes through a member of `flight`, where the check loses sight of it.
template <std::size_t kPixelSize, FilterMix kMix>
ASSAY_AVX void unfilter_four_rows(const FilteredRows& rows, const std::uint8_t* above,
                                  std::size_t first,
                                  std::uint8_t* out) {  // NOLINT(readability-non-const-parameter)
  const std::uint8_t* stored = rows.stored + (first * (rows.row_size + 1));
  const auto filter = [&](std::size_t row) {
    return static_cast<PngFilter>(stored[row * (rows.row_size + 1)]);
  };
  const __m128i zero = _mm_setzero_si128();
  const RowPair nothing{.left = zero, .above = zero, .diagonal = zero};
  RowsInFlight<kPixelSize, kMix> flight{.stored = stored + 1,
                                        .out = out + (first * rows.row_size),
                                        .above = above,
                                        .row_size = rows.row_size,
                                        .width = rows.row_size / kPixelSize,
                                        .masks0 = masks_of(filter(0), filter(1)),
                                        .masks1 = masks_of(filter(2), filter(3)),
                                        .pair0 = nothing,
                                        .pair1 = nothing};
  const std::size_t num_steps = flight.width + kRowsInFlight - 1;
  std::size_t step = 0;
  for (; step < kRowsInFlight - 1; ++step) flight.template advance<true>(step);
  for (; step + 1 < flight.width; ++step) flight.template advance<false>(step);
  for (; step < num_steps; ++step) flight.template advance<true>(step);
}

/// What the four rows from `first` have in common; nothing where they are not there, or where one
/// by one they are as fast.
std::optional<FilterMix> find_mix(const FilteredRows& rows, std::size_t first) {
  if (rows.pixel_size != 3 && rows.pixel_size != 4) return std::nullopt;
  if (first + kRowsInFlight > rows.num_rows) return std::nullopt;
  std::size_t num_paeth = 0;
  std::size_t num_average = 0;
  for (std::size_t row = first; row < first + kRowsInFlight; ++row) {
    const auto filter = static_cast<PngFilter>(rows.stored[row * (rows.row_size + 1)]);
    if (filter == PngFilter::kPaeth) ++num_paeth;
    if (filter == PngFilter::kAverage) ++num_average;
  }
  if (num_paeth == kRowsInFlight) return FilterMix::kAllPaeth;
  if (num_paeth > 0) return FilterMix::kAny;
  return num_average > 0 ? std::optional(FilterMix::kNoPaeth) : std::nullopt;
}

template <std::size_t kPixelSize>
void unfilter_four_rows(FilterMix mix, const FilteredRows& rows, const std::uint8_t* above,
                        std::size_t first, std::uint8_t* out) {
  switch (mix) {
    case FilterMix::kAllPaeth:
      unfilter_four_rows<kPixelSize, FilterMix::kAllPaeth>(rows, above, first, out);
      break;
    case FilterMix::kNoPaeth:
      unfilter_four_rows<kPixelSize, FilterMix::kNoPaeth>(rows, above, first, out);
      break;
    case FilterMix::kAny:
      unfilter_four_rows<kPixelSize, FilterMix::kAny>(rows, above, first, out);
      break;
  }
}

/// How many rows from `first` were finished.
std::size_t unfilter_some_rows(const FilteredRows& rows, const std::uint8_t* above,
                               std::size_t first, std::uint8_t* out) {
  static const bool has_instructions = __builtin_cpu_supports("avx") != 0;
  const auto mix = has_instructions ? find_mix(rows, first) : std::nullopt;
  if (!mix) return 0;
  if (rows.pixel_size == 3) {
    unfilter_four_rows<3>(*mix, rows, above, first, out);
  } else {
    unfilter_four_rows<4>(*mix, rows, above, first, out);
  }
  return kRowsInFlight;
}

#undef ASSAY_AVX
#undef ASSAY_AVX_INLINE

#else

std::size_t unfilter_some_rows(const FilteredRows& /*rows*/, const std::uint8_t* /*above*/,
                               std::size_t /*first*/, std::uint8_t* /*out*/) {
  return 0;
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
  const std::uint8_t* above = rows.above;
  for (std::size_t y = 0; y < rows.num_rows;) {
    std::size_t num_done = unfilter_some_rows(rows, above, y, out);
    if (num_done == 0) {
      const std::uint8_t* stored = rows.stored + (y * (rows.row_size + 1));
      unfilter_simple_row(static_cast<PngFilter>(stored[0]), stored + 1, above, rows.row_size,
                          rows.pixel_size, out + (y * rows.row_size));
      num_done = 1;
    }
    y += num_done;
    above = out + ((y - 1) * rows.row_size);
  }
}

}  // namespace assay::images

#include "images/resize_grouped_internal.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace assay::images {

#ifdef __x86_64__
namespace {

// The instruction multiplies 16-bit numbers, and a weight has 24 bits: it is taken apart as
// high * 2^15 + low, with `low` not negative. The sums of the parts are put together modulo 2^32,
// which is exact since the whole sum fits.
constexpr int kLowBits = 15;

std::uint32_t pair(std::int32_t first, std::int32_t second) {
  return (static_cast<std::uint32_t>(first) & 0xffff) | (static_cast<std::uint32_t>(second) << 16);
}

void encode(std::span<const std::int32_t, 4> weights, std::uint32_t* words) {
  const auto low = [&](std::size_t i) { return weights[i] & ((1 << kLowBits) - 1); };
  const auto high = [&](std::size_t i) { return weights[i] >> kLowBits; };
  // Even taps and odd taps: how bytes are widened without moving them between lanes.
  words[0] = pair(low(0), low(2));
  words[1] = pair(low(1), low(3));
  words[2] = pair(high(0), high(2));
  words[3] = pair(high(1), high(3));
}

__attribute__((target("avx2"))) void multiply_and_add(const TapGroup* groups,
                                                      std::size_t group_stride,
                                                      std::size_t num_groups,
                                                      const std::uint32_t* words,
                                                      std::uint8_t* into) {
  const __m256i even_bytes = _mm256_set1_epi16(0xff);
  __m256i low0 = _mm256_set1_epi32(kHalf);
  __m256i low1 = low0;
  __m256i high0 = _mm256_setzero_si256();
  __m256i high1 = high0;
  for (std::size_t i = 0; i < num_groups; ++i) {
    const __m256i taps0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(groups));
    const __m256i taps1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(groups + 8));
    const __m256i even0 = _mm256_and_si256(taps0, even_bytes);
    const __m256i even1 = _mm256_and_si256(taps1, even_bytes);
    const __m256i odd0 = _mm256_srli_epi16(taps0, 8);
    const __m256i odd1 = _mm256_srli_epi16(taps1, 8);
    const __m256i low_even = _mm256_set1_epi32(static_cast<int>(words[0]));
    const __m256i low_odd = _mm256_set1_epi32(static_cast<int>(words[1]));
    const __m256i high_even = _mm256_set1_epi32(static_cast<int>(words[2]));
    const __m256i high_odd = _mm256_set1_epi32(static_cast<int>(words[3]));
    low0 = _mm256_add_epi32(low0, _mm256_madd_epi16(even0, low_even));
    low1 = _mm256_add_epi32(low1, _mm256_madd_epi16(even1, low_even));
    high0 = _mm256_add_epi32(high0, _mm256_madd_epi16(even0, high_even));
    high1 = _mm256_add_epi32(high1, _mm256_madd_epi16(even1, high_even));
    low0 = _mm256_add_epi32(low0, _mm256_madd_epi16(odd0, low_odd));
    low1 = _mm256_add_epi32(low1, _mm256_madd_epi16(odd1, low_odd));
    high0 = _mm256_add_epi32(high0, _mm256_madd_epi16(odd0, high_odd));
    high1 = _mm256_add_epi32(high1, _mm256_madd_epi16(odd1, high_odd));
    groups += group_stride;
    words += 4;
  }
  const __m256i sum0 = _mm256_add_epi32(low0, _mm256_slli_epi32(high0, kLowBits));
  const __m256i sum1 = _mm256_add_epi32(low1, _mm256_slli_epi32(high1, kLowBits));
  const __m256i wide = _mm256_packs_epi32(_mm256_srai_epi32(sum0, kWeightBits),
                                          _mm256_srai_epi32(sum1, kWeightBits));
  // Packing works within halves: lanes 0-3, 8-11, then 4-7, 12-15.
  const __m256i samples = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(wide, wide),
                                                      _mm256_setr_epi32(0, 4, 1, 5, 0, 0, 0, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(into), _mm256_castsi256_si128(samples));
}

__attribute__((target("avx2"))) void gather(const std::array<const std::uint8_t*, kNumLanes>& rows,
                                            std::size_t num_groups, TapGroup* into) {
  // r0 g0 b0 r1 g1 b1 ... becomes r0-3 g0-3 b0-3.
  const __m128i by_channel = _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1);
  for (std::size_t first = 0; first < kNumLanes; first += 4) {
    TapGroup* out = into + first;
    for (std::size_t i = 0; i < num_groups; ++i) {
      const auto load = [&](std::size_t row) __attribute__((target("avx2"))) {
        return _mm_shuffle_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[first + row] + (i * 12))),
            by_channel);
      };
      const __m128i row0 = load(0);
      const __m128i row1 = load(1);
      const __m128i row2 = load(2);
      const __m128i row3 = load(3);
      const __m128i rg01 = _mm_unpacklo_epi32(row0, row1);
      const __m128i rg23 = _mm_unpacklo_epi32(row2, row3);
      const __m128i b01 = _mm_unpackhi_epi32(row0, row1);
      const __m128i b23 = _mm_unpackhi_epi32(row2, row3);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi64(rg01, rg23));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + kNumLanes), _mm_unpackhi_epi64(rg01, rg23));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + (2 * kNumLanes)),
                       _mm_unpacklo_epi64(b01, b23));
      out += kNumChannels * kNumLanes;
    }
  }
}

constexpr GroupedKernel kKernel{
    .words_per_group = 4, .encode = encode, .multiply_and_add = multiply_and_add, .gather = gather};

void resample(const Image& image, const AxisTaps& columns, const AxisTaps& rows,
              std::span<std::uint8_t> into) {
  resample_in_groups(kKernel, image, columns, rows, into);
}

}  // namespace

const GroupedKernel& avx2_kernel() { return kKernel; }

Resample resample_by_avx2() { return __builtin_cpu_supports("avx2") ? resample : nullptr; }

#else

Resample resample_by_avx2() { return nullptr; }

#endif

}  // namespace assay::images

#include "images/resize_grouped_internal.h"

#ifdef __x86_64__
// g++ 12 starts the intrinsics' own undefined vectors from themselves (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

namespace assay::images {

#ifdef __x86_64__
namespace {

// VNNI multiplies four bytes of a lane by four signed bytes and adds all of it: a weight of 24 bits
// is taken apart into three digits of -128 to 127.
void encode(std::span<const std::int32_t, 4> weights, std::uint32_t* words) {
  for (std::size_t digit = 0; digit < 3; ++digit) words[digit] = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    std::int32_t rest = weights[i];
    for (std::size_t digit = 0; digit < 3; ++digit) {
      const auto value = static_cast<std::int8_t>(rest & 0xff);
      words[digit] |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(value)) << (8 * i);
      rest = (rest - value) >> 8;
    }
  }
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) void multiply_and_add(
    const TapGroup* groups, std::size_t group_stride, std::size_t num_groups,
    const std::uint32_t* words, std::uint8_t* into) {
  __m512i low = _mm512_set1_epi32(kHalf);
  __m512i middle = _mm512_setzero_si512();
  __m512i high = middle;
  for (std::size_t i = 0; i < num_groups; ++i) {
    const __m512i taps = _mm512_loadu_si512(groups);
    low = _mm512_dpbusd_epi32(low, taps, _mm512_set1_epi32(static_cast<int>(words[0])));
    middle = _mm512_dpbusd_epi32(middle, taps, _mm512_set1_epi32(static_cast<int>(words[1])));
    high = _mm512_dpbusd_epi32(high, taps, _mm512_set1_epi32(static_cast<int>(words[2])));
    groups += group_stride;
    words += 3;
  }
  const __m512i sum = _mm512_add_epi32(
      low, _mm512_add_epi32(_mm512_slli_epi32(middle, 8), _mm512_slli_epi32(high, 16)));
  const __m512i samples =
      _mm512_max_epi32(_mm512_srai_epi32(sum, kWeightBits), _mm512_setzero_si512());
  _mm_storeu_si128(reinterpret_cast<__m128i*>(into), _mm512_cvtusepi32_epi8(samples));
}

const GroupedKernel& kernel() {
  static const GroupedKernel kernel{.words_per_group = 3,
                                    .encode = encode,
                                    .multiply_and_add = multiply_and_add,
                                    .gather = avx2_kernel().gather};
  return kernel;
}

void resample(const Image& image, const AxisTaps& columns, const AxisTaps& rows,
              std::span<std::uint8_t> into) {
  resample_in_groups(kernel(), image, columns, rows, into);
}

}  // namespace

Resample resample_by_avx512() {
  const bool is_supported =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  return is_supported ? resample : nullptr;
}

#else

Resample resample_by_avx512() { return nullptr; }

#endif

}  // namespace assay::images

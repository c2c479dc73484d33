#include "review/near_pairs_scan_internal.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <vector>

namespace assay::review {
namespace {

void scan_plain(const float* rows, std::size_t length, const float* panel, const float* offsets,
                const float* thresholds, std::array<std::uint16_t, kScanRows>& bits) {
  for (std::size_t row = 0; row < kScanRows; ++row) {
    std::array<float, kPanelWidth> sums{};
    for (std::size_t j = 0; j < kPanelWidth; ++j) sums.at(j) = offsets[j];
    for (std::size_t k = 0; k < length; ++k) {
      const float factor = rows[(row * length) + k];
      const float* column = panel + (k * kPanelWidth);
      for (std::size_t j = 0; j < kPanelWidth; ++j) sums[j] += factor * column[j];
    }
    unsigned found = 0;
    for (std::size_t j = 0; j < kPanelWidth; ++j) {
      found |= sums[j] >= thresholds[row] ? 1U << j : 0U;
    }
    bits.at(row) = static_cast<std::uint16_t>(found);
  }
}

#ifdef __x86_64__

// Sixteen accumulators would leave no register for the panel, so the rows come in two halves.
__attribute__((target("avx2,fma"))) void scan_avx2(const float* rows, std::size_t length,
                                                   const float* panel, const float* offsets,
                                                   const float* thresholds,
                                                   std::array<std::uint16_t, kScanRows>& bits) {
  constexpr std::size_t kHalf = kScanRows / 2;
  for (std::size_t half = 0; half < kScanRows; half += kHalf) {
    const float* row = rows + (half * length);
    __m256 low[kHalf];   // NOLINT(*-avoid-c-arrays): std::array ignores the type's alignment
    __m256 high[kHalf];  // NOLINT(*-avoid-c-arrays)
    for (std::size_t r = 0; r < kHalf; ++r) {
      low[r] = _mm256_loadu_ps(offsets);
      high[r] = _mm256_loadu_ps(offsets + 8);
    }
    for (std::size_t k = 0; k < length; ++k) {
      const __m256 panel_low = _mm256_loadu_ps(panel + (k * kPanelWidth));
      const __m256 panel_high = _mm256_loadu_ps(panel + (k * kPanelWidth) + 8);
      for (std::size_t r = 0; r < kHalf; ++r) {
        const __m256 factor = _mm256_broadcast_ss(row + (r * length) + k);
        low[r] = _mm256_fmadd_ps(factor, panel_low, low[r]);
        high[r] = _mm256_fmadd_ps(factor, panel_high, high[r]);
      }
    }
    for (std::size_t r = 0; r < kHalf; ++r) {
      const __m256 threshold = _mm256_broadcast_ss(thresholds + half + r);
      const int found_low = _mm256_movemask_ps(_mm256_cmp_ps(low[r], threshold, _CMP_GE_OQ));
      const int found_high = _mm256_movemask_ps(_mm256_cmp_ps(high[r], threshold, _CMP_GE_OQ));
      bits[half + r] = static_cast<std::uint16_t>(found_low | (found_high << 8));
    }
  }
}

__attribute__((target("avx512f"))) void scan_avx512(const float* rows, std::size_t length,
                                                    const float* panel, const float* offsets,
                                                    const float* thresholds,
                                                    std::array<std::uint16_t, kScanRows>& bits) {
  __m512 sums[kScanRows];  // NOLINT(*-avoid-c-arrays): std::array ignores the type's alignment
  for (__m512& sum : sums) sum = _mm512_loadu_ps(offsets);
  for (std::size_t k = 0; k < length; ++k) {
    const __m512 column = _mm512_loadu_ps(panel + (k * kPanelWidth));
    for (std::size_t r = 0; r < kScanRows; ++r) {
      sums[r] = _mm512_fmadd_ps(_mm512_set1_ps(rows[(r * length) + k]), column, sums[r]);
    }
  }
  for (std::size_t r = 0; r < kScanRows; ++r) {
    bits[r] = _mm512_cmp_ps_mask(sums[r], _mm512_set1_ps(thresholds[r]), _CMP_GE_OQ);
  }
}

#endif

std::vector<NamedScan> find_scans() {
  std::vector<NamedScan> scans;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) scans.push_back({.name = "avx512", .scan = scan_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    scans.push_back({.name = "avx2", .scan = scan_avx2});
  }
#endif
  scans.push_back({.name = "plain", .scan = scan_plain});
  return scans;
}

}  // namespace

std::span<const NamedScan> available_scans() {
  static const std::vector<NamedScan> kScans = find_scans();
  return kScans;
}

}  // namespace assay::review

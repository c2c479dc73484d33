#include "models/mlp_kernel_internal.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>

namespace assay::models {
namespace {

#ifdef __x86_64__

constexpr std::size_t kHalfPanel = kPanelWidth / 2;

// Without FMA on purpose: it rounds once where the others round twice.
__attribute__((target("avx2"))) void multiply_panel_avx2(const PanelProduct& product) {
  __m256 low[kRowsAtATime];   // NOLINT(*-avoid-c-arrays): std::array ignores the type's alignment
  __m256 high[kRowsAtATime];  // NOLINT(*-avoid-c-arrays)
  for (std::size_t row = 0; row < kRowsAtATime; ++row) {
    low[row] = _mm256_loadu_ps(product.bias);
    high[row] = _mm256_loadu_ps(product.bias + kHalfPanel);
  }
  const float* panel = product.panel;
  for (std::size_t k = 0; k < product.length; ++k, panel += kPanelWidth) {
    const __m256 panel_low = _mm256_loadu_ps(panel);
    const __m256 panel_high = _mm256_loadu_ps(panel + kHalfPanel);
    for (std::size_t row = 0; row < kRowsAtATime; ++row) {
      const __m256 value = _mm256_broadcast_ss(product.in + (row * product.in_stride) + k);
      low[row] = _mm256_add_ps(low[row], _mm256_mul_ps(value, panel_low));
      high[row] = _mm256_add_ps(high[row], _mm256_mul_ps(value, panel_high));
    }
  }
  for (std::size_t row = 0; row < kRowsAtATime; ++row) {
    float* const out = product.out + (row * product.out_stride);
    _mm256_storeu_ps(out, low[row]);
    _mm256_storeu_ps(out + kHalfPanel, high[row]);
  }
}

#endif

}  // namespace

void multiply_panel_plainly(const PanelProduct& product) {
  for (std::size_t row = 0; row < kRowsAtATime; ++row) {
    std::array<float, kPanelWidth> sums{};
    for (std::size_t j = 0; j < kPanelWidth; ++j) sums.at(j) = product.bias[j];
    for (std::size_t k = 0; k < product.length; ++k) {
      const float value = product.in[(row * product.in_stride) + k];
      const float* weights = product.panel + (k * kPanelWidth);
      for (std::size_t j = 0; j < kPanelWidth; ++j) sums[j] += value * weights[j];
    }
    for (std::size_t j = 0; j < kPanelWidth; ++j) {
      product.out[(row * product.out_stride) + j] = sums.at(j);
    }
  }
}

MultiplyPanel multiply_panel_by_avx2() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return multiply_panel_avx2;
#endif
  return nullptr;
}

MultiplyPanel fastest_multiply_panel() {
  static const MultiplyPanel kAvx2 = multiply_panel_by_avx2();
  return kAvx2 != nullptr ? kAvx2 : multiply_panel_plainly;
}

}  // namespace assay::models

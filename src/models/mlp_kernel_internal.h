/// \file
/// One layer of a small network for several inputs at once.

#pragma once

#include <cstddef>

namespace assay::models {

/// Outputs that stand side by side in a panel of weights.
inline constexpr std::size_t kPanelWidth = 16;
/// Inputs that are computed together.
inline constexpr std::size_t kRowsAtATime = 4;

/// `out[r][j] = bias[j] + in[r][0] * panel[0][j] + in[r][1] * panel[1][j] + ...`, each addition and
/// multiplication rounded by itself and in this order, so that all ways give the same numbers.
///
/// Shape: `in` kRowsAtATime rows of `length`, `in_stride` apart; `panel` [length, kPanelWidth];
///        `bias` [kPanelWidth]; `out` kRowsAtATime rows of kPanelWidth, `out_stride` apart.
struct PanelProduct {
  const float* in = nullptr;
  std::size_t in_stride = 0;
  std::size_t length = 0;
  const float* panel = nullptr;
  const float* bias = nullptr;
  float* out = nullptr;
  std::size_t out_stride = 0;
};

using MultiplyPanel = void (*)(const PanelProduct& product);

void multiply_panel_plainly(const PanelProduct& product);
/// Null where the processor has no AVX2.
MultiplyPanel multiply_panel_by_avx2();
/// The fastest of them here.
MultiplyPanel fastest_multiply_panel();

}  // namespace assay::models

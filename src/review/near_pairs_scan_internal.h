/// \file
/// The inner loop of the search for near pairs: products of some rows with a panel of columns.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace assay::review {

/// Vectors side by side, for one instruction to work on.
inline constexpr std::size_t kPanelWidth = 16;
/// Rows that are multiplied with a panel at once.
inline constexpr std::size_t kScanRows = 8;

/// For each of kScanRows rows, the columns j with `offsets[j] + sum of row[k] * panel[k][j]` at
/// least the row's threshold, as bits. Sums may be rounded in any order.
///
/// Shape: `rows` [kScanRows, length], `panel` [length, kPanelWidth], `offsets` [kPanelWidth],
///        `thresholds` [kScanRows].
using ScanPanel = void (*)(const float* rows, std::size_t length, const float* panel,
                           const float* offsets, const float* thresholds,
                           std::array<std::uint16_t, kScanRows>& bits);

struct NamedScan {
  std::string_view name;
  ScanPanel scan;
};

/// Those that this processor can run, the fastest first; the last is plain C++.
std::span<const NamedScan> available_scans();

}  // namespace assay::review

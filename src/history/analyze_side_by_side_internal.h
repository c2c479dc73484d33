/// \file
/// Reports of several groups in columns, to be compared.

#pragma once

#include "history/analyze_text.h"

#include <array>
#include <string>
#include <string_view>

namespace assay::history {

inline constexpr std::array<std::string_view, kClipBins.size()> kClipBinNames = {
    "0.00-0.15", "0.15-0.20", "0.20-0.25", "0.25-0.30", "0.30-1.00"};

/// A table of each of the heading's group reports, with a blank line before each; empty for none.
std::string side_by_side_text(const Analysis& analysis, const AnalyzeHeading& heading);

}  // namespace assay::history

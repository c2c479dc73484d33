/// \file
/// Reports of several groups in columns, to be compared.

#pragma once

#include "history/analyze_text.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

inline constexpr std::array<std::string_view, kClipBins.size()> kClipBinNames = {
    "0.00-0.15", "0.15-0.20", "0.20-0.25", "0.25-0.30", "0.30-1.00"};

/// One report, a column a group.
struct SideBySideTable {
  AnalyzeReport report = AnalyzeReport::kSummary;
  std::string banner;                          ///< `ACCEPTANCE RATE`
  std::string caption;                         ///< `Acceptance rate`
  std::vector<std::vector<std::string>> rows;  ///< The first names the key and the groups.
};

/// Each of the heading's group reports, of the `max_groups` largest groups.
std::vector<SideBySideTable> side_by_side_tables(const Analysis& analysis,
                                                 const AnalyzeHeading& heading,
                                                 std::size_t max_groups);

/// The same as text, with a blank line before each; empty for none.
std::string side_by_side_text(const Analysis& analysis, const AnalyzeHeading& heading);

}  // namespace assay::history

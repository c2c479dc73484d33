/// \file
/// The parts of the history's page.

#pragma once

#include "history/analyze.h"
#include "history/analyze_text.h"
#include "report/page.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace assay::history {

/// `part` of `whole` in [0, 1]; nothing of nothing is 0.
double share_of(std::uint64_t part, std::uint64_t whole);

/// `2025-11-30`.
std::string day_text(std::chrono::sys_days day);

/// Beyond so many, a chart of bars says less than the table below it.
inline constexpr std::size_t kMaxBars = 20;

/// One line of a comparison, as text.
struct ComparedFigure {
  std::string label;
  std::string before;
  std::string now;
  std::string change;
};
/// In the order of the report.
std::vector<ComparedFigure> compared_figures(const GroupFigures& earlier,
                                             const GroupFigures& recent);

void add_days(report::Page& page, const Analysis& analysis);
void add_clip(report::Page& page, const Analysis& analysis);
void add_validators(report::Page& page, const Analysis& analysis);
void add_groups(report::Page& page, const Analysis& analysis, const AnalyzeHeading& heading);
void add_comparison(report::Page& page, const Analysis& analysis, const AnalyzeHeading& heading);
void add_stages(report::Page& page, const Analysis& analysis);
void add_failures(report::Page& page, const Analysis& analysis);

}  // namespace assay::history

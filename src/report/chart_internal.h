/// \file
/// What the charts have in common: the frame, the legend, and numbers as SVG wants them.

#pragma once

#include "report/chart.h"

#include <span>
#include <string>
#include <string_view>

namespace assay::report {

/// A position in percent of the width, with three digits and the same on every machine.
std::string percent_position(double share);

/// The figure around a chart: its title, a legend when there is more than one series, the drawing.
Html chart_figure(const ChartText& text, std::span<const Series> series, std::string_view drawing);

/// The end of an axis: the smallest number of one or two round digits (1, 1.5, 2, 3, 4, 5, 6, 8
/// times a power of ten) that is at least `value`.
double round_up_to_step(double value);

}  // namespace assay::report

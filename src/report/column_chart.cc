#include "core/check.h"
#include "report/blocks_internal.h"
#include "report/chart.h"
#include "report/chart_internal.h"
#include "report/html_internal.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace assay::report {
namespace {

// In pixels. Only the horizontal axis stretches, so heights may be fixed.
constexpr double kPlotTop = 14;
constexpr double kPlotHeight = 150;
constexpr double kPlotBottom = kPlotTop + kPlotHeight;
constexpr double kHeight = kPlotBottom + 22;

double column_total(const ChartColumn& column) {
  return std::accumulate(column.values.begin(), column.values.end(), 0.0);
}

// Lines lie below the columns and their figures above them: the two are written in turn.
enum class GridPart { kLines, kFigures };

void append_grid(std::string& markup, double maximum, GridPart part) {
  for (const double share : {0.0, 0.5, 1.0}) {
    const double y = kPlotBottom - share * kPlotHeight;
    const auto value = static_cast<std::uint64_t>(std::llround(share * maximum));
    // Half of an odd maximum is no whole number: no line there.
    if (share * maximum != static_cast<double>(value)) continue;
    if (part == GridPart::kLines) {
      fmt::format_to(std::back_inserter(markup),
                     R"(<line class="grid" x1="0" x2="100%" y1="{0:.0f}" y2="{0:.0f}"/>)", y);
    } else if (share > 0) {
      fmt::format_to(std::back_inserter(markup), "<text x=\"0\" y=\"{:.0f}\">{}</text>\n", y - 3,
                     count_text(value));
    }
  }
}

void append_column(std::string& markup, const ColumnChart& chart, std::size_t index,
                   double maximum) {
  const ChartColumn& column = chart.columns[index];
  CHECK(column.values.size() == chart.series.size(), "a column without a value for each series");
  if (!(column_total(column) > 0)) return;
  const double pitch = 1.0 / static_cast<double>(chart.columns.size());
  const double x = (static_cast<double>(index) + 0.08) * pitch;
  fmt::format_to(std::back_inserter(markup), "<g><title>{}</title>", escape(column.label));
  double y = kPlotBottom;
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    const double height = kPlotHeight * column.values[i] / maximum;
    if (!(height > 0)) continue;
    y -= height;
    fmt::format_to(std::back_inserter(markup),
                   R"(<rect class="{}" x="{}" y="{:.2f}" width="{}" height="{:.2f}"/>)",
                   tone_class(chart.series[i].tone), percent_position(x), y,
                   percent_position(0.84 * pitch), height);
  }
  markup += "</g>\n";
}

void append_ticks(std::string& markup, const ColumnChart& chart) {
  for (const Tick& tick : chart.ticks) {
    CHECK(tick.column < chart.columns.size(), "a tick at no column");
    const double x = static_cast<double>(tick.column) / static_cast<double>(chart.columns.size());
    // A label that begins near the right edge would leave the picture.
    const bool at_end = x > 0.85;
    fmt::format_to(std::back_inserter(markup),
                   "<line class=\"tick\" x1=\"{0}\" x2=\"{0}\" y1=\"{1:.0f}\" y2=\"{2:.0f}\"/>"
                   "<text x=\"{0}\" y=\"{3:.0f}\"{4}>{5}</text>",
                   percent_position(x), kPlotBottom, kPlotBottom + 5, kPlotBottom + 18,
                   at_end ? " text-anchor=\"end\"" : "", escape(tick.label));
  }
}

}  // namespace

Html render(const ColumnChart& chart) {
  double largest = 0;
  for (const ChartColumn& column : chart.columns) largest = std::max(largest, column_total(column));
  const double maximum = round_up_to_step(largest);
  std::string drawing = fmt::format(
      "<svg class=\"plot\" role=\"img\" width=\"100%\" height=\"{:.0f}\">"
      "<title>{}</title><desc>{}</desc>\n",
      kHeight, escape(chart.text.title), escape(chart.text.description));
  append_grid(drawing, maximum, GridPart::kLines);
  for (std::size_t i = 0; i < chart.columns.size(); ++i) append_column(drawing, chart, i, maximum);
  append_grid(drawing, maximum, GridPart::kFigures);
  append_ticks(drawing, chart);
  return chart_figure(chart.text, chart.series, drawing + "</svg>\n");
}

}  // namespace assay::report

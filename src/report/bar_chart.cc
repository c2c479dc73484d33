#include "core/check.h"
#include "report/blocks_internal.h"
#include "report/chart.h"
#include "report/chart_internal.h"
#include "report/html_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace assay::report {
namespace {

double bar_total(const BarRow& row) {
  return std::accumulate(row.values.begin(), row.values.end(), 0.0);
}

void append_bar(std::string& markup, const BarChart& chart, const BarRow& row, double largest) {
  CHECK(row.values.size() == chart.series.size(), "a bar without a value for each series");
  fmt::format_to(std::back_inserter(markup),
                 R"(<span class="label" title="{0}">{0}</span><svg class="track">)",
                 escape(row.label));
  double start = 0;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const double width = row.values[i] / largest;
    if (!(width > 0)) continue;
    fmt::format_to(
        std::back_inserter(markup), R"(<rect class="{}" x="{}" width="{}" height="100%"/>)",
        tone_class(chart.series[i].tone), percent_position(start), percent_position(width));
    start += width;
  }
  fmt::format_to(std::back_inserter(markup), "</svg><span class=\"note\">{}</span>\n",
                 escape(row.note));
}

}  // namespace

std::string percent_position(double share) {
  std::string text = fmt::format("{:.3f}", 100 * share);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "%";
}

double round_up_to_step(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

Html chart_figure(const ChartText& text, std::span<const Series> series, std::string_view drawing) {
  std::string legend;
  if (series.size() > 1) {
    legend = "<p class=\"legend\">";
    for (const Series& part : series) {
      legend +=
          fmt::format("<span class=\"{}\">{}</span>", tone_class(part.tone), escape(part.name));
    }
    legend += "</p>";
  }
  return HtmlBuilder::from_markup(
      fmt::format("<figure class=\"chart\"><figcaption>{}</figcaption>{}\n{}</figure>\n",
                  escape(text.title), legend, drawing));
}

Html render(const BarChart& chart) {
  double largest = 0;
  for (const BarRow& row : chart.rows) largest = std::max(largest, bar_total(row));
  if (!(largest > 0)) largest = 1;
  std::string drawing = fmt::format("<div class=\"bars\" role=\"img\" aria-label=\"{}\">\n",
                                    escape(chart.text.description));
  for (const BarRow& row : chart.rows) append_bar(drawing, chart, row, largest);
  return chart_figure(chart.text, chart.series, drawing + "</div>\n");
}

}  // namespace assay::report

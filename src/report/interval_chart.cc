#include "report/blocks_internal.h"
#include "report/chart.h"
#include "report/chart_internal.h"
#include "report/html_internal.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace assay::report {
namespace {

constexpr std::string_view kReferenceLine =
    R"(<line class="reference" x1="{0}" x2="{0}" y1="0" y2="100%"/>)";

double end_of_axis(const IntervalChart& chart) {
  double largest = chart.reference;
  for (const IntervalRow& row : chart.rows) largest = std::max({largest, row.upper, row.estimate});
  return std::min(1.0, round_up_to_step(largest));
}

void append_interval(std::string& markup, const IntervalChart& chart, const IntervalRow& row,
                     double maximum) {
  const auto position = [&](double share) {
    return percent_position(std::clamp(share / maximum, 0.0, 1.0));
  };
  fmt::format_to(std::back_inserter(markup),
                 R"(<span class="label" title="{0}">{0}</span><svg class="interval">)",
                 escape(row.label));
  fmt::format_to(std::back_inserter(markup), kReferenceLine, position(chart.reference));
  fmt::format_to(std::back_inserter(markup),
                 "<g class=\"{}\"><line x1=\"{}\" x2=\"{}\" y1=\"50%\" y2=\"50%\"/>"
                 "<circle cx=\"{}\" cy=\"50%\" r=\"4\"/></g>",
                 tone_class(row.tone), position(row.lower), position(row.upper),
                 position(row.estimate));
  fmt::format_to(std::back_inserter(markup), "</svg><span class=\"note\">{}</span>\n",
                 escape(row.note));
}

void append_axis(std::string& markup, const IntervalChart& chart, double maximum) {
  markup += "<span></span><svg class=\"axis\">";
  struct Mark {
    double share;
    std::string_view anchor;
  };
  constexpr std::array<Mark, 3> kMarks = {{{0, "start"}, {0.5, "middle"}, {1, "end"}}};
  for (const auto& [share, anchor] : kMarks) {
    fmt::format_to(std::back_inserter(markup), R"(<text x="{}" y="12" text-anchor="{}">{}</text>)",
                   percent_position(share), anchor, share_text(share * maximum));
  }
  markup += "</svg><span></span>\n";
  fmt::format_to(std::back_inserter(markup),
                 "<span></span><span class=\"reference-key\">{}</span><span></span>\n",
                 escape(chart.reference_label));
}

}  // namespace

Html render(const IntervalChart& chart) {
  const double maximum = end_of_axis(chart);
  std::string drawing = fmt::format("<div class=\"bars\" role=\"img\" aria-label=\"{}\">\n",
                                    escape(chart.text.description));
  for (const IntervalRow& row : chart.rows) append_interval(drawing, chart, row, maximum);
  append_axis(drawing, chart, maximum);
  return chart_figure(chart.text, {}, drawing + "</div>\n");
}

}  // namespace assay::report

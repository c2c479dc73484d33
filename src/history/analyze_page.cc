#include "history/analyze_page.h"

#include "history/analyze_page_internal.h"
#include "report/blocks.h"
#include "report/number_text.h"
#include "report/page.h"
#include "report/table.h"

#include <fmt/format.h>

#include <vector>

namespace assay::history {
namespace {

using report::count_text;
using report::counted;
using report::Html;
using report::KeyFigure;
using report::share_text;
using report::Tone;

std::string subtitle(const Analysis& analysis, const AnalyzeHeading& heading) {
  std::string text = counted(analysis.all.generations, "generation", "generations");
  if (!heading.task_type.empty()) text += " of " + heading.task_type;
  if (!analysis.days.empty()) {
    text += fmt::format(", {} to {} UTC", day_text(analysis.days.front().day),
                        day_text(analysis.days.back().day));
  }
  if (heading.since) text += ", from " + to_rfc3339(*heading.since) + " on";
  return text;
}

std::string decimals_or_dash(const ValueSummary& values, double value, int num_decimals) {
  return values.count == 0 ? "–" : fmt::format("{:.{}f}", value, num_decimals);
}

Html figures(const Analysis& analysis) {
  const Counts& all = analysis.all;
  const ValueSummary& clip = analysis.clip.values;
  const ValueSummary& time = analysis.total_time_seconds;
  const std::vector<KeyFigure> tiles = {
      {"Generations", count_text(all.generations),
       fmt::format("{} text, {} image", count_text(analysis.text_to_3d.generations),
                   count_text(analysis.image_to_3d.generations))},
      {"Submitted", count_text(all.submitted),
       share_text(share_of(all.submitted, all.generations)) + " of all"},
      {"Accepted", count_text(all.accepted),
       share_text(share_of(all.accepted, all.submitted)) + " of the submitted"},
      {"Rejected before", count_text(all.rejected_before),
       share_text(share_of(all.rejected_before, all.generations)) + " of all"},
      {"Failed", count_text(all.failed),
       share_text(share_of(all.failed, all.generations)) + " of all",
       all.failed == 0 ? Tone::kGood : Tone::kWarning},
      {"Median CLIP", decimals_or_dash(clip, clip.median, 4),
       "mean " + decimals_or_dash(clip, clip.mean, 4)},
      {"Median time", decimals_or_dash(time, time.median, 1) + " s",
       "mean " + decimals_or_dash(time, time.mean, 1) + " s"}};
  return report::key_figures(tiles);
}

void add_reading(report::Page& page, const Analysis& analysis, const AnalyzeHeading& heading) {
  page.begin_section("What was read");
  std::vector<Html> items = {
      Html::text(counted(analysis.lines.num_records, "record", "records") + " in ") +
          report::code(heading.data_folder) + Html("."),
      Html::text(fmt::format("Days are counted back from {}.", to_rfc3339(heading.now)))};
  const std::string problems = line_problems_text(analysis.lines);
  items.push_back(problems.empty() ? Html("Nothing was wrong with any line.")
                                   : Html::text("Of the lines: " + problems + "."));
  if (analysis.lines.num_late_feedback > 0) {
    items.push_back(
        Html::text(fmt::format("Feedback that came late was merged into {}.",
                               counted(analysis.lines.num_late_feedback, "record", "records"))));
  }
  page.add(report::bullet_list(items));
}

}  // namespace

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string day_text(std::chrono::sys_days day) {
  const std::string instant = to_rfc3339(Timestamp(day));
  return instant.substr(0, instant.find('T'));
}

AnalyzeReports page_reports() {
  AnalyzeReports reports;
  for (const AnalyzeReport report :
       {AnalyzeReport::kSummary, AnalyzeReport::kAcceptance, AnalyzeReport::kFailures,
        AnalyzeReport::kClip, AnalyzeReport::kValidators, AnalyzeReport::kCharts}) {
    reports.add(report);
  }
  return reports;
}

std::string analysis_page(const Analysis& analysis, const AnalyzeHeading& heading,
                          std::string_view made_by) {
  report::Page page({.title = "Generation history",
                     .subtitle = subtitle(analysis, heading),
                     .footer = fmt::format("{}, {}", made_by, to_rfc3339(heading.now))});
  if (analysis.all.generations == 0) {
    page.add(report::callout(Tone::kWarning, "There is nothing to show: no generation was found.",
                             Html()));
  } else {
    page.add(figures(analysis));
    add_days(page, analysis);
    add_clip(page, analysis);
    add_validators(page, analysis);
    if (heading.reports.has(AnalyzeReport::kGroups)) add_groups(page, analysis, heading);
    if (heading.reports.has(AnalyzeReport::kComparison)) add_comparison(page, analysis, heading);
    add_stages(page, analysis);
    add_failures(page, analysis);
  }
  add_reading(page, analysis, heading);
  return page.render();
}

}  // namespace assay::history

#include "history/analyze_page_internal.h"
#include "report/blocks.h"
#include "report/chart.h"
#include "report/number_text.h"
#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

using report::ColumnKind;
using report::Html;
using report::share_text;
using report::Tone;

report::Cell optional_cell(const std::optional<double>& value, int num_decimals) {
  if (!value) return report::absent_cell();
  report::Cell cell = report::text_cell(fmt::format("{:.{}f}", *value, num_decimals));
  cell.sort_value = *value;
  return cell;
}

/// What a group is, in words.
struct GroupWords {
  std::string section;  ///< `Validators`
  std::string header;   ///< `Validator`
  std::string one;      ///< `validator`
  std::string all;      ///< `all validators`
};

Html group_table(const GroupWords& words, std::span<const GroupFigures> groups) {
  report::Table table{.caption = words.section};
  table.columns = {{words.header, ColumnKind::kName},
                   {"Generations", ColumnKind::kNumber},
                   {"Submitted", ColumnKind::kNumber},
                   {"Accepted", ColumnKind::kNumber},
                   {"Of submitted", ColumnKind::kNumber},
                   {"95 % interval", ColumnKind::kNumber, "Clopper and Pearson's"},
                   {"Score", ColumnKind::kNumber, "Mean of the scores given"},
                   {"CLIP", ColumnKind::kNumber, "Mean CLIP score"},
                   {"Time", ColumnKind::kNumber, "Mean seconds of a generation"}};
  for (const GroupFigures& group : groups) {
    const Counts& counts = group.counts;
    report::Cell interval = report::text_cell(fmt::format(
        "{} – {}", share_text(group.acceptance.lower), share_text(group.acceptance.upper)));
    interval.sort_value = group.acceptance.lower;
    table.rows.push_back({report::name_cell(group.label), report::count_cell(counts.generations),
                          report::count_cell(counts.submitted), report::count_cell(counts.accepted),
                          report::share_cell(share_of(counts.accepted, counts.num_offered())),
                          std::move(interval), optional_cell(group.mean_score, 4),
                          optional_cell(group.mean_clip, 4),
                          optional_cell(group.mean_time_seconds, 1)});
  }
  return render(table);
}

void add_group_section(report::Page& page, const GroupWords& words,
                       std::span<const GroupFigures> groups, const Counts& all) {
  page.begin_section(words.section);
  report::BarChart scores = {.series = {{"mean score", Tone::kNeutral}}};
  report::IntervalChart rates = {
      .text = {.title = "Accepted of the submitted",
               .description = fmt::format("The share accepted of each {}, with its 95 % interval.",
                                          words.one)},
      .reference_label = words.all,
      .reference = share_of(all.accepted, all.submitted)};
  for (const GroupFigures& group : groups) {
    if (group.mean_score && std::isfinite(*group.mean_score) && scores.rows.size() < kMaxBars) {
      scores.rows.push_back({group.label,
                             {std::max(0.0, *group.mean_score)},
                             fmt::format("{:.4f}", *group.mean_score)});
    }
    if (group.counts.num_offered() > 0 && rates.rows.size() < kMaxBars) {
      const double rate = share_of(group.counts.accepted, group.counts.num_offered());
      rates.rows.push_back({.label = group.label,
                            .lower = group.acceptance.lower,
                            .estimate = rate,
                            .upper = group.acceptance.upper,
                            .note = share_text(rate)});
    }
  }
  scores.text = {
      .title = fmt::format("Mean score by {}", words.one),
      .description = fmt::format("A bar for each {}: the mean of its scores.", words.one)};
  std::vector<Html> charts;
  if (!scores.rows.empty()) charts.push_back(render(scores));
  if (!rates.rows.empty()) charts.push_back(render(rates));
  if (!charts.empty()) page.add(report::side_by_side(charts));
  page.add(group_table(words, groups));
}

}  // namespace

void add_validators(report::Page& page, const Analysis& analysis) {
  add_group_section(
      page,
      {.section = "Validators", .header = "Validator", .one = "validator", .all = "all validators"},
      analysis.validators, analysis.all);
}

void add_groups(report::Page& page, const Analysis& analysis, const AnalyzeHeading& heading) {
  const std::string key = heading.group_key.text();
  add_group_section(page,
                    {.section = "By " + key, .header = key, .one = key, .all = "all generations"},
                    analysis.groups, analysis.all);
}

void add_comparison(report::Page& page, const Analysis& analysis, const AnalyzeHeading& heading) {
  page.begin_section(fmt::format("The last {} days against the {} before", heading.recent_days,
                                 heading.earlier_days));
  report::IntervalChart rates = {
      .text = {.title = "Accepted of the submitted",
               .description = "The share accepted before and now, each with its 95 % interval. "
                              "Where the intervals lie apart, it did change."},
      .reference_label = "both",
      .reference = share_of(analysis.earlier.counts.accepted + analysis.recent.counts.accepted,
                            analysis.earlier.counts.submitted + analysis.recent.counts.submitted)};
  for (const auto& [label, group] :
       {std::pair("before", &analysis.earlier), std::pair("now", &analysis.recent)}) {
    if (group->counts.num_offered() == 0) continue;
    const double rate = share_of(group->counts.accepted, group->counts.num_offered());
    rates.rows.push_back({.label = label,
                          .lower = group->acceptance.lower,
                          .estimate = rate,
                          .upper = group->acceptance.upper,
                          .note = share_text(rate)});
  }
  if (!rates.rows.empty()) page.add(render(rates));
  report::Table table{.caption = "Before and now"};
  table.columns = {{"Figure", ColumnKind::kWords},
                   {"Before", ColumnKind::kNumber},
                   {"Now", ColumnKind::kNumber},
                   {"Change", ColumnKind::kNumber}};
  for (const ComparedFigure& figure : compared_figures(analysis.earlier, analysis.recent)) {
    table.rows.push_back({report::text_cell(figure.label), report::text_cell(figure.before),
                          report::text_cell(figure.now), report::text_cell(figure.change)});
  }
  page.add(render(table));
}

}  // namespace assay::history

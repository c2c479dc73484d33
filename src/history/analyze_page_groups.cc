#include "history/analyze_page_internal.h"
#include "history/analyze_side_by_side_internal.h"
#include "report/blocks.h"
#include "report/chart.h"
#include "report/number_text.h"
#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

using report::ColumnKind;
using report::Html;
using report::share_text;
using report::Tone;

/// Beyond so many columns nobody compares.
constexpr std::size_t kMaxGroupsSideBySide = 12;

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

std::vector<report::Column> compared_columns() {
  return {{"Figure", ColumnKind::kWords},
          {"Before", ColumnKind::kNumber},
          {"Now", ColumnKind::kNumber},
          {"Change", ColumnKind::kNumber}};
}

/// A row a figure, each behind the cells of `front`.
void add_compared(report::Table& table, const ComparisonFigures& compared,
                  const std::vector<report::Cell>& front) {
  for (const ComparedFigure& figure : compared_figures(compared.earlier, compared.recent)) {
    std::vector<report::Cell> row = front;
    for (const std::string& text : {figure.label, figure.before, figure.now, figure.change}) {
      row.push_back(report::text_cell(text));
    }
    table.rows.push_back(std::move(row));
  }
}

/// A row before and one now, each where something was submitted. A long name of a group is cut, so
/// which of the two it is stands at the other end.
void add_rates(report::IntervalChart& chart, std::string_view group_name,
               const ComparisonFigures& compared) {
  for (const auto& [label, group] :
       {std::pair("before", &compared.earlier), std::pair("now", &compared.recent)}) {
    if (group->counts.num_offered() == 0) continue;
    const double rate = share_of(group->counts.accepted, group->counts.num_offered());
    const std::string share = share_text(rate);
    chart.rows.push_back({.label = std::string(group_name.empty() ? label : group_name),
                          .lower = group->acceptance.lower,
                          .estimate = rate,
                          .upper = group->acceptance.upper,
                          .note = group_name.empty() ? share : share + ", " + label});
  }
}

/// Each group before and now, against the share of all.
void add_group_comparisons(report::Page& page, const Analysis& analysis,
                           const AnalyzeHeading& heading, report::IntervalChart rates) {
  const std::string key = heading.group_key.text();
  rates.text.title = "Accepted of the submitted, by " + key;
  rates.text.description = fmt::format(
      "The share accepted of each {} before and now, each with its 95 % interval.", key);
  rates.reference_label = "both, all generations";
  rates.rows.clear();
  report::Table table{.caption = "Before and now, by " + key};
  table.columns = compared_columns();
  table.columns.insert(table.columns.begin(), {key, ColumnKind::kName});
  for (std::size_t i = 0; i < analysis.group_comparisons.size(); ++i) {
    const std::string& label = analysis.groups[i].label;
    const ComparisonFigures& compared = analysis.group_comparisons[i];
    if (rates.rows.size() + 1 < kMaxBars) add_rates(rates, label, compared);
    add_compared(table, compared, {report::name_cell(label)});
  }
  if (!rates.rows.empty()) page.add(render(rates));
  page.add(render(table));
}

/// A browser drops spaces at the beginning, but no em space.
std::string indented(std::string_view text) {
  if (!text.starts_with("  ")) return std::string(text);
  return fmt::format("\u2003{}", text.substr(2));
}

/// A section for each report that was asked for, a column a group. Comparisons have their own.
void add_reports_of_groups(report::Page& page, const Analysis& analysis,
                           const AnalyzeHeading& heading) {
  for (const SideBySideTable& figures :
       side_by_side_tables(analysis, heading, kMaxGroupsSideBySide)) {
    if (figures.report == AnalyzeReport::kComparison) continue;
    report::Table table{.caption =
                            fmt::format("{} by {}", figures.caption, heading.group_key.text())};
    if (analysis.groups.size() > kMaxGroupsSideBySide) {
      table.caption += fmt::format(", the {} largest of {}", kMaxGroupsSideBySide,
                                   report::counted(analysis.groups.size(), "group", "groups"));
    }
    for (const std::string& header : figures.rows.front()) {
      table.columns.push_back(
          {header, table.columns.empty() ? ColumnKind::kText : ColumnKind::kNumber});
    }
    for (const std::vector<std::string>& texts : std::span(figures.rows).subspan(1)) {
      std::vector<report::Cell>& row = table.rows.emplace_back();
      for (const std::string& text : texts) row.push_back(report::text_cell(indented(text)));
    }
    page.begin_section(table.caption).add(render(table));
  }
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
  add_reports_of_groups(page, analysis, heading);
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
  const ComparisonFigures whole = {.recent = analysis.recent, .earlier = analysis.earlier};
  add_rates(rates, "", whole);
  if (!rates.rows.empty()) page.add(render(rates));
  report::Table table{.caption = "Before and now"};
  table.columns = compared_columns();
  add_compared(table, whole, {});
  page.add(render(table));
  if (!analysis.group_comparisons.empty()) add_group_comparisons(page, analysis, heading, rates);
}

}  // namespace assay::history

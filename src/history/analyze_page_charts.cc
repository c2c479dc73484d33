#include "history/analyze_page_internal.h"
#include "report/blocks.h"
#include "report/chart.h"
#include "report/number_text.h"
#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

namespace assay::history {
namespace {

using report::ColumnKind;
using report::count_text;
using report::counted;
using report::Html;
using report::share_text;
using report::Tone;
using std::chrono::days;
using std::chrono::sys_days;

// More columns than this could not be told apart on a narrow screen.
constexpr std::int64_t kMaxChartColumns = 120;
// Dates below the columns: as many as fit side by side on a narrow screen.
constexpr std::size_t kMaxTicks = 4;

/// Days, or as many days together as give few enough columns.
struct Buckets {
  days width{1};
  std::vector<DayFigures> buckets;
};

Buckets make_buckets(std::span<const DayFigures> rows) {
  Buckets result;
  const sys_days first = rows.front().day;
  const std::int64_t span = (rows.back().day - first).count() + 1;
  if (span > kMaxChartColumns) result.width = days(7);
  if (span > kMaxChartColumns * 7) {
    result.width = days((span + kMaxChartColumns - 1) / kMaxChartColumns);
  }
  for (sys_days day = first; day <= rows.back().day; day += result.width) {
    result.buckets.push_back({day, Counts()});
  }
  for (const DayFigures& row : rows) {
    const auto place = static_cast<std::size_t>((row.day - first) / result.width);
    result.buckets[place].counts += row.counts;
  }
  return result;
}

Html counts_table(const std::vector<DayFigures>& rows) {
  report::Table table{.caption = "Generations by day"};
  table.columns = {{"Day", ColumnKind::kText},
                   {"Generations", ColumnKind::kNumber},
                   {"Submitted", ColumnKind::kNumber},
                   {"Accepted", ColumnKind::kNumber},
                   {"Of submitted", ColumnKind::kNumber},
                   {"Failed", ColumnKind::kNumber}};
  for (const DayFigures& row : rows) {
    const Counts& counts = row.counts;
    table.rows.push_back({report::text_cell(day_text(row.day)),
                          report::count_cell(counts.generations),
                          report::count_cell(counts.submitted), report::count_cell(counts.accepted),
                          report::share_cell(share_of(counts.accepted, counts.submitted)),
                          report::count_cell(counts.failed)});
  }
  return report::folded("The figures by day", render(table));
}

/// Reasons may end in a measured value: `clip_score_too_low_0.243`. Without it they are kinds.
std::string_view reason_kind_of(std::string_view text) {
  const std::size_t end = text.find_last_not_of("0123456789.");
  const bool ends_in_value = end != std::string_view::npos && end > 0 && text[end] == '_';
  return ends_in_value ? text.substr(0, end) : text;
}

/// The texts by kind, most first.
std::vector<TextCount> by_kind(const std::vector<TextCount>& counts) {
  std::vector<TextCount> kinds;
  for (const TextCount& entry : counts) {
    const std::string_view kind = reason_kind_of(entry.text);
    const auto found = std::ranges::find(kinds, kind, &TextCount::text);
    if (found == kinds.end()) {
      kinds.push_back({std::string(kind), entry.count});
    } else {
      found->count += entry.count;
    }
  }
  std::ranges::sort(kinds, [](const TextCount& left, const TextCount& right) {
    return left.count != right.count ? left.count > right.count : left.text < right.text;
  });
  return kinds;
}

/// A bar for each text, the rest together in a last one.
Html listing_chart(std::string title, std::string what, const std::vector<TextCount>& counts,
                   Tone tone) {
  report::BarChart chart = {.series = {{.name = what, .tone = tone}}};
  std::uint64_t whole = 0;
  for (const TextCount& entry : counts) whole += entry.count;
  const auto add = [&](const std::string& label, std::uint64_t count) {
    chart.rows.push_back(
        {label,
         {static_cast<double>(count)},
         fmt::format("{}, {}", count_text(count), share_text(share_of(count, whole)))});
  };
  std::uint64_t rest = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i < kMaxBars) {
      add(counts[i].text, counts[i].count);
    } else {
      rest += counts[i].count;
    }
  }
  if (rest > 0) add(fmt::format("{} others", count_text(counts.size() - kMaxBars)), rest);
  chart.text.title = std::move(title);
  chart.text.description = fmt::format("A bar for each kind: {}.", what);
  return render(chart);
}

}  // namespace

void add_days(report::Page& page, const Analysis& analysis) {
  page.begin_section("Acceptance by day");
  if (analysis.days.empty()) {
    page.add(report::paragraph(Html("No record says when it was made.")));
    return;
  }
  const Buckets buckets = make_buckets(analysis.days);
  const std::string width =
      buckets.width == days(1) ? "day" : fmt::format("{} days", buckets.width.count());
  report::ColumnChart chart = {.series = {{"accepted", Tone::kGood},
                                          {"submitted, not accepted", Tone::kWarning},
                                          {"not submitted", Tone::kMuted}}};
  chart.text = {
      .title = fmt::format("Generations per {}", width),
      .description = fmt::format(
          "A column for each {}: accepted, submitted but not accepted, not submitted.", width)};
  for (const DayFigures& bucket : buckets.buckets) {
    const Counts& counts = bucket.counts;
    const std::uint64_t sent = std::max(counts.submitted, counts.accepted);
    const std::uint64_t unsent = counts.generations - std::min(counts.generations, sent);
    chart.columns.push_back(
        {fmt::format("{}: {} of {} submitted accepted, {}", day_text(bucket.day),
                     count_text(counts.accepted), count_text(counts.submitted),
                     counted(counts.generations, "generation", "generations")),
         {static_cast<double>(counts.accepted), static_cast<double>(sent - counts.accepted),
          static_cast<double>(unsent)}});
  }
  const std::size_t stride = (chart.columns.size() + kMaxTicks - 1) / kMaxTicks;
  for (std::size_t i = 0; i < chart.columns.size(); i += stride) {
    chart.ticks.push_back({i, day_text(buckets.buckets[i].day)});
  }
  page.add(render(chart)).add(counts_table(analysis.days));
}

void add_clip(report::Page& page, const Analysis& analysis) {
  page.begin_section("CLIP scores");
  if (analysis.clip.values.count == 0) {
    page.add(report::paragraph(Html("No record holds a CLIP score.")));
    return;
  }
  std::vector<Html> charts;
  for (const auto& [name, clip] : {std::pair(kTextTo3d, &analysis.clip_text_to_3d),
                                   std::pair(kImageTo3d, &analysis.clip_image_to_3d)}) {
    if (clip->values.count == 0) continue;
    report::BarChart chart = {.series = {{"generations", Tone::kNeutral}}};
    for (std::size_t bin = 0; bin < kClipBins.size(); ++bin) {
      const double end = bin + 1 < kClipBins.size() ? kClipBins.at(bin + 1) : 1.0;
      const std::uint64_t count = clip->histogram.at(bin);
      chart.rows.push_back({fmt::format("{:.2f} – {:.2f}", kClipBins.at(bin), end),
                            {static_cast<double>(count)},
                            fmt::format("{}, {}", count_text(count),
                                        share_text(share_of(count, clip->values.count)))});
    }
    chart.text.title =
        fmt::format("{}: mean {:.4f}, median {:.4f}", name, clip->values.mean, clip->values.median);
    chart.text.description = "A bar for each range of CLIP scores: how many generations had one.";
    charts.push_back(render(chart));
  }
  page.add(report::side_by_side(charts));
}

void add_stages(report::Page& page, const Analysis& analysis) {
  page.begin_section("Time per stage");
  report::BarChart chart = {.series = {{"mean seconds", Tone::kNeutral}}};
  std::vector<StageFigures> stages = analysis.stages;
  std::erase_if(stages,
                [](const StageFigures& stage) { return !std::isfinite(stage.mean_seconds); });
  std::ranges::sort(stages, [](const StageFigures& left, const StageFigures& right) {
    return left.mean_seconds != right.mean_seconds ? left.mean_seconds > right.mean_seconds
                                                   : left.name < right.name;
  });
  for (const StageFigures& stage : stages) {
    if (chart.rows.size() == kMaxBars) break;
    chart.rows.push_back({stage.name,
                          {std::max(0.0, stage.mean_seconds)},
                          fmt::format("{:.3f} s in {}", stage.mean_seconds,
                                      counted(stage.count, "generation", "generations"))});
  }
  if (chart.rows.empty()) {
    page.add(report::paragraph(Html("No record holds the time of a stage.")));
    return;
  }
  chart.text = {.title = "Mean seconds where a generation had the stage",
                .description = "A bar for each stage: its mean time in seconds."};
  page.add(render(chart));
}

void add_failures(report::Page& page, const Analysis& analysis) {
  page.begin_section("Failures and rejections");
  std::vector<Html> charts;
  if (!analysis.error_types.empty()) {
    charts.push_back(listing_chart(
        fmt::format("{} by error", counted(analysis.num_listed_failures, "failure", "failures")),
        "failures", analysis.error_types, Tone::kBad));
  }
  if (!analysis.rejection_reasons.empty()) {
    charts.push_back(
        listing_chart(fmt::format("{} before submission, by reason",
                                  counted(analysis.all.rejected_before, "rejection", "rejections")),
                      "rejections", by_kind(analysis.rejection_reasons), Tone::kWarning));
  }
  if (charts.empty()) {
    page.add(report::callout(Tone::kGood, "Nothing failed and nothing was rejected.", Html()));
    return;
  }
  for (const Html& chart : charts) page.add(chart);
}

}  // namespace assay::history

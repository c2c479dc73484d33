#include "audit/report_page_internal.h"
#include "report/blocks.h"
#include "report/chart.h"
#include "report/number_text.h"
#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <vector>

namespace assay::audit {
namespace {

using report::ColumnKind;
using report::count_text;
using report::counted;
using report::Html;
using report::share_text;
using report::Tone;
using std::chrono::hours;
using HourPoint = std::chrono::sys_time<hours>;

// More columns than this could not be told apart on a narrow screen.
constexpr std::int64_t kMaxColumns = 180;
// Dates below the columns: as many as fit side by side on a narrow screen.
constexpr std::size_t kMaxTicks = 4;
constexpr std::size_t kMaxModelBars = 20;

struct Bucket {
  HourPoint start = {};
  std::uint64_t jobs = 0;
  std::uint64_t missing = 0;
};

struct Buckets {
  hours width{1};
  std::vector<Bucket> buckets = {};
};

// The narrowest width that gives few enough columns: an hour, a part of a day, then whole days.
hours bucket_width(HourPoint first, HourPoint last) {
  const std::int64_t span = (last - first).count() + 1;
  for (const std::int64_t width : {1, 2, 3, 6, 12, 24}) {
    if (span / width < kMaxColumns) return hours(width);
  }
  return hours(24 * (span / (24 * kMaxColumns) + 1));
}

HourPoint floor_to(HourPoint point, hours width) {
  const std::int64_t count = point.time_since_epoch().count();
  const std::int64_t remainder = (count % width.count() + width.count()) % width.count();
  return point - hours(remainder);
}

Buckets make_buckets(std::span<const AuditReport::Hour> rows) {
  Buckets result;
  if (rows.empty()) return result;
  const auto hour_of = [](const AuditReport::Hour& row) {
    return std::chrono::floor<hours>(row.start);
  };
  const auto [first, last] = std::ranges::minmax(rows, {}, hour_of);
  result.width = bucket_width(hour_of(first), hour_of(last));
  const HourPoint start = floor_to(hour_of(first), result.width);
  const std::int64_t count = (hour_of(last) - start) / result.width + 1;
  for (std::int64_t i = 0; i < count; ++i) result.buckets.push_back({start + i * result.width});
  for (const AuditReport::Hour& row : rows) {
    Bucket& bucket =
        result.buckets[static_cast<std::size_t>((hour_of(row) - start) / result.width)];
    bucket.jobs += row.jobs;
    bucket.missing += row.missing;
  }
  return result;
}

// Where days begin, if at least two do; else evenly spread.
std::vector<report::Tick> ticks_of(const Buckets& buckets) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < buckets.buckets.size(); ++i) {
    if (buckets.buckets[i].start.time_since_epoch().count() % 24 == 0) places.push_back(i);
  }
  const bool by_day = places.size() >= 2;
  if (!by_day) {
    places.clear();
    for (std::size_t i = 0; i < buckets.buckets.size(); ++i) places.push_back(i);
  }
  const std::size_t most = by_day ? kMaxTicks : kMaxTicks - 1;
  const std::size_t stride = (places.size() + most - 1) / most;
  std::vector<report::Tick> ticks;
  for (std::size_t i = 0; i < places.size(); i += stride) {
    const std::string label = minute_text(buckets.buckets[places[i]].start);
    ticks.push_back({places[i], by_day ? label.substr(0, label.find(' ')) : label});
  }
  return ticks;
}

std::string width_text(hours width) {
  if (width == hours(1)) return "hour";
  if (width < hours(24)) return fmt::format("{} hours", width.count());
  if (width == hours(24)) return "day";
  return fmt::format("{} days", width.count() / 24);
}

std::string missing_text(std::uint64_t missing, std::uint64_t jobs) {
  return fmt::format("{} of {}", share_text(share_of(missing, jobs)), count_text(jobs));
}

Html group_chart(std::string title, std::string_view what,
                 std::span<const AuditReport::Group> groups) {
  report::BarChart chart = {.series = {{"missing", Tone::kWarning}, {"with image", Tone::kMuted}}};
  for (const AuditReport::Group& group : groups.first(std::min(groups.size(), kMaxModelBars))) {
    const std::uint64_t rest = group.jobs > group.missing ? group.jobs - group.missing : 0;
    chart.rows.push_back({group.name,
                          {static_cast<double>(group.missing), static_cast<double>(rest)},
                          missing_text(group.missing, group.jobs)});
  }
  chart.text.title = std::move(title);
  chart.text.description =
      fmt::format("A bar for each {}: jobs missing an image, jobs with one.", what);
  return render(chart);
}

Html group_table(std::string caption, std::string header,
                 std::span<const AuditReport::Group> groups) {
  report::Table table{.caption = std::move(caption)};
  table.columns = {{std::move(header), ColumnKind::kName},
                   {"Jobs", ColumnKind::kNumber},
                   {"Missing", ColumnKind::kNumber},
                   {"Share", ColumnKind::kNumber, "Missing among all jobs"}};
  for (const AuditReport::Group& group : groups) {
    table.rows.push_back({report::name_cell(group.name), report::count_cell(group.jobs),
                          report::count_cell(group.missing),
                          report::share_cell(share_of(group.missing, group.jobs))});
  }
  return render(table);
}

}  // namespace

void add_hours(report::Page& page, const AuditReport& audit) {
  page.begin_section("Over time");
  if (audit.by_hour.empty()) {
    page.add(report::paragraph(Html("The export has no times.")));
    return;
  }
  const Buckets buckets = make_buckets(audit.by_hour);
  report::ColumnChart chart = {
      .series = {{"missing", Tone::kWarning}, {"with image", Tone::kMuted}}};
  report::Table table{.caption = "Jobs over time", .max_open_rows = 0};
  table.columns = {{"From (UTC)", ColumnKind::kText},
                   {"Jobs", ColumnKind::kNumber},
                   {"Missing", ColumnKind::kNumber},
                   {"Share", ColumnKind::kNumber, "Missing among all jobs"}};
  for (const Bucket& bucket : buckets.buckets) {
    const std::uint64_t rest = bucket.jobs > bucket.missing ? bucket.jobs - bucket.missing : 0;
    chart.columns.push_back({fmt::format("{} UTC: missing {}", minute_text(bucket.start),
                                         missing_text(bucket.missing, bucket.jobs)),
                             {static_cast<double>(bucket.missing), static_cast<double>(rest)}});
    if (bucket.jobs == 0) continue;
    table.rows.push_back({report::text_cell(minute_text(bucket.start)),
                          report::count_cell(bucket.jobs), report::count_cell(bucket.missing),
                          report::share_cell(share_of(bucket.missing, bucket.jobs))});
  }
  chart.ticks = ticks_of(buckets);
  chart.text.title = fmt::format("Jobs per {} (UTC)", width_text(buckets.width));
  chart.text.description = fmt::format("Jobs missing an image and jobs with one, from {} on, {}.",
                                       minute_text(buckets.buckets.front().start),
                                       counted(buckets.buckets.size(), "column", "columns"));
  page.add(render(chart)).add(render(table));
}

void add_models_and_statuses(report::Page& page, const AuditReport& audit) {
  page.begin_section("Models and statuses");
  std::vector<AuditReport::Group> models = audit.by_model;
  std::ranges::stable_sort(models, [](const auto& a, const auto& b) { return a.jobs > b.jobs; });
  std::vector<Html> blocks;
  if (!models.empty()) {
    std::string title = "Jobs per model";
    if (models.size() > kMaxModelBars) {
      title += fmt::format(" (the largest {} of {})", kMaxModelBars, count_text(models.size()));
    }
    blocks.push_back(group_chart(std::move(title), "model", models) +
                     group_table("Models", "Model", models));
  }
  if (!audit.by_status.empty()) {
    blocks.push_back(group_chart("Jobs per status", "status", audit.by_status) +
                     group_table("Statuses", "Status", audit.by_status));
  }
  if (blocks.empty()) {
    page.add(report::paragraph(Html("The export names neither models nor statuses.")));
    return;
  }
  page.add(report::side_by_side(blocks));
}

namespace {

report::Table details_table(const AuditReport::Details& details) {
  report::Table table{.caption = "Claims whose object is odd"};
  table.columns = {{"Finding", ColumnKind::kText},
                   {"Claims", ColumnKind::kNumber},
                   {"Meaning", ColumnKind::kProse}};
  const auto add = [&table](std::string_view finding, std::uint64_t count,
                            std::string_view meaning) {
    table.rows.push_back({report::text_cell(finding, count > 0 ? Tone::kWarning : Tone::kMuted),
                          report::count_cell(count), report::text_cell(meaning)});
  };
  add("empty", details.zero_bytes, "the object holds no byte");
  add("older than the job", details.older_than_job, "the object was there before the job");
  add("claimed by several", details.shared_by_miners, "several miners claim the same object");
  return table;
}

}  // namespace

void add_verdicts(report::Page& page, const AuditReport& audit) {
  page.begin_section("Objects");
  if (!audit.verdicts) {
    page.add(report::paragraph(
        Html("The object store was not asked whether the claimed images are there.")));
    return;
  }
  const AuditReport::Verdicts& verdicts = *audit.verdicts;
  struct Row {
    std::string_view verdict;
    std::string_view meaning;
    std::uint64_t count;
    Tone tone;
  };
  const std::array<Row, 5> rows = {
      {{"present", "the object is there", verdicts.present, Tone::kGood},
       {"absent", "the store says it is not there", verdicts.absent, Tone::kBad},
       {"denied", "the store knows us and refuses", verdicts.denied, Tone::kWarning},
       {"unknown", "no useful answer; the next run asks again", verdicts.unknown, Tone::kNeutral},
       {"not asked", "left out of this run", verdicts.not_asked, Tone::kMuted}}};
  std::uint64_t all = 0;
  for (const Row& row : rows) all += row.count;

  report::BarChart chart = {.rows = {{.label = "objects", .note = count_text(all)}}};
  report::Table table{.caption = "Verdicts"};
  table.columns = {{"Verdict", ColumnKind::kText},
                   {"Objects", ColumnKind::kNumber},
                   {"Share", ColumnKind::kNumber},
                   {"Meaning", ColumnKind::kProse}};
  for (const Row& row : rows) {
    chart.series.push_back({std::string(row.verdict), row.tone});
    chart.rows.front().values.push_back(static_cast<double>(row.count));
    table.rows.push_back({report::text_cell(row.verdict, row.tone), report::count_cell(row.count),
                          report::share_cell(share_of(row.count, all)),
                          report::text_cell(row.meaning)});
  }
  chart.text = {
      "Claimed objects, each asked about once",
      fmt::format("Of {} claimed objects {} are present, {} absent, {} denied, {} unknown "
                  "and {} were not asked about.",
                  count_text(all), count_text(verdicts.present), count_text(verdicts.absent),
                  count_text(verdicts.denied), count_text(verdicts.unknown),
                  count_text(verdicts.not_asked))};
  page.add(render(chart)).add(render(table));
  if (!audit.details) return;
  page.add(report::paragraph(
      Html("Claims whose object is there, but odd; one claim may be counted in each row.")));
  page.add(render(details_table(*audit.details)));
}

}  // namespace assay::audit

#include "audit/report_page_internal.h"
#include "report/blocks.h"
#include "report/chart.h"
#include "report/number_text.h"
#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

namespace assay::audit {
namespace {

using report::absent_cell;
using report::Cell;
using report::ColumnKind;
using report::count_cell;
using report::count_text;
using report::Html;
using report::name_cell;
using report::p_value_text;
using report::share_text;
using report::Tone;
using Miner = AuditReport::Miner;

// More bars than this are scrolled past, not read; the table holds all.
constexpr std::size_t kMaxBars = 30;

// Pointers, so that sorting moves no names.
std::vector<const Miner*> pointers(const AuditReport& audit) {
  std::vector<const Miner*> miners;
  miners.reserve(audit.miners.size());
  for (const Miner& miner : audit.miners) miners.push_back(&miner);
  return miners;
}

// The surest first: the exact test's, then by how far beyond the ratio rule.
std::vector<const Miner*> suspects_in_order(const AuditReport& audit) {
  std::vector<const Miner*> miners = pointers(audit);
  std::erase_if(miners, [](const Miner* m) { return !m->ratio_suspect && !m->claims_suspect(); });
  const auto key = [](const Miner* miner) {
    const double p_value = miner->claims_test ? miner->claims_test->p_adjusted : 2;
    return std::tuple(!miner->claims_suspect(), p_value, -miner->ratio,
                      -static_cast<double>(miner->missing));
  };
  std::ranges::stable_sort(miners, {}, &Miner::hotkey);
  std::ranges::stable_sort(miners, [&](const Miner* a, const Miner* b) { return key(a) < key(b); });
  return miners;
}

Html marks(const Miner& miner) {
  Html marks;
  if (miner.ratio_suspect) marks += report::badge(Tone::kWarning, "ratio rule");
  if (miner.claims_suspect()) marks += report::badge(Tone::kBad, "exact test");
  return marks;
}

void append_test_cells(std::vector<Cell>& row, const Miner& miner) {
  if (!miner.claims_test) {
    row.insert(row.end(), 6, absent_cell());
    return;
  }
  const AuditReport::ClaimsTest& test = *miner.claims_test;
  row.push_back(count_cell(test.claims));
  row.push_back(count_cell(test.without_image));
  row.push_back(report::share_cell(test.rate, test.suspect ? Tone::kBad : Tone::kNeutral));
  row.push_back(report::text_cell(share_text(test.lower) + " – " + share_text(test.upper)));
  row.back().sort_value = test.lower;
  row.push_back(report::p_value_cell(test.p_value));
  row.push_back(report::p_value_cell(test.p_adjusted, test.suspect ? Tone::kBad : Tone::kNeutral));
}

Html suspects_table(const std::vector<const Miner*>& suspects) {
  report::Table table{.caption = "Suspects"};
  table.columns = {
      {"Hotkey", ColumnKind::kName},
      {"Marked by", ColumnKind::kText},
      {"Missing", ColumnKind::kNumber, "Jobs without an image"},
      {"of which success", ColumnKind::kNumber, "Missing jobs that call themselves a success"},
      {"Ratio", ColumnKind::kNumber, "Successes among the missing jobs: the ratio rule"},
      {"Claims", ColumnKind::kNumber, "Success claims: the exact test"},
      {"Without image", ColumnKind::kNumber, "Success claims that have no image"},
      {"Rate", ColumnKind::kNumber, "Claims without image among the claims"},
      {"95\u00a0% interval", ColumnKind::kNumber, "Clopper-Pearson interval of the rate"},
      {"p", ColumnKind::kNumber, "How likely so many are, if only accidents took images"},
      {"p adjusted", ColumnKind::kNumber, "p, adjusted for the number of miners"}};
  for (const Miner* miner : suspects) {
    std::vector<Cell> row = {
        name_cell(miner->hotkey), report::html_cell(marks(*miner)), count_cell(miner->missing),
        count_cell(miner->missing_by_status.success),
        report::ratio_cell(miner->ratio, miner->ratio_suspect ? Tone::kWarning : Tone::kNeutral)};
    append_test_cells(row, *miner);
    table.rows.push_back(std::move(row));
  }
  return render(table);
}

Html suspects_chart(const AuditReport& audit, const std::vector<const Miner*>& suspects) {
  report::IntervalChart chart;
  chart.reference = audit.options.tolerated_rate;
  chart.reference_label = "tolerated: " + share_text(audit.options.tolerated_rate);
  for (const Miner* miner : suspects) {
    if (!miner->claims_test || chart.rows.size() == kMaxBars) continue;
    const AuditReport::ClaimsTest& test = *miner->claims_test;
    chart.rows.push_back(
        {.label = miner->hotkey,
         .lower = test.lower,
         .estimate = test.rate,
         .upper = test.upper,
         .note = fmt::format("{}, p {}", share_text(test.rate), p_value_text(test.p_adjusted)),
         .tone = test.suspect ? Tone::kBad : Tone::kWarning});
  }
  if (chart.rows.empty()) return {};
  chart.text.title =
      "Success claims without an image, with 95\u00a0% interval and adjusted p-value";
  if (chart.rows.size() < suspects.size()) {
    chart.text.title += fmt::format(" (first {} of {})", count_text(chart.rows.size()),
                                    count_text(suspects.size()));
  }
  chart.text.description = fmt::format(
      "The rate of claims without image of {} suspects, each with its interval, against the "
      "tolerated rate of {}. The table below holds the same figures.",
      count_text(chart.rows.size()), share_text(audit.options.tolerated_rate));
  return render(chart);
}

Html agreement(const AuditReport& audit) {
  const SuspectCounts counts = count_suspects(audit);
  const std::array tiles = {
      report::KeyFigure{"Both rules", count_text(counts.both), "suspect either way",
                        counts.both > 0 ? Tone::kBad : Tone::kNeutral},
      report::KeyFigure{"Exact test only", count_text(counts.claims_only),
                        "too few missing jobs for the ratio rule, or too low a ratio",
                        counts.claims_only > 0 ? Tone::kBad : Tone::kNeutral},
      report::KeyFigure{"Ratio rule only", count_text(counts.ratio_only),
                        "so many can be accidents, or there was no claim to test",
                        counts.ratio_only > 0 ? Tone::kWarning : Tone::kNeutral},
      report::KeyFigure{"Neither", count_text(counts.neither), "not suspect"}};
  return report::key_figures(tiles);
}

}  // namespace

void add_suspects(report::Page& page, const AuditReport& audit) {
  page.begin_section("Suspects");
  const std::vector<const Miner*> suspects = suspects_in_order(audit);
  if (suspects.empty()) {
    page.add(report::paragraph(Html("Neither rule marks a miner.")));
    return;
  }
  page.add(report::paragraph(Html(
      "Two rules look at each miner. Where they disagree, trust the exact test: it counts among "
      "the claims, not among the missing jobs, and says how sure it is.")));
  page.add(agreement(audit));
  page.add(suspects_chart(audit, suspects)).add(suspects_table(suspects));
}

void add_miners(report::Page& page, const AuditReport& audit) {
  page.begin_section("Miners");
  std::vector<const Miner*> miners = pointers(audit);
  std::ranges::stable_sort(miners, [](const Miner* a, const Miner* b) {
    return std::tuple(b->missing, b->jobs, a->hotkey) < std::tuple(a->missing, a->jobs, b->hotkey);
  });
  report::BarChart chart = {.series = {{"missing, though a success", Tone::kBad},
                                       {"missing, other status", Tone::kWarning},
                                       {"with image", Tone::kMuted}}};
  report::Table table{.caption = "Miners", .empty_text = "The export names no miner."};
  table.columns = {
      {"Hotkey", ColumnKind::kName},
      {"Jobs", ColumnKind::kNumber},
      {"Missing", ColumnKind::kNumber},
      {"Share", ColumnKind::kNumber, "Missing among all jobs"},
      {"success", ColumnKind::kNumber, "Missing jobs of this status"},
      {"failed", ColumnKind::kNumber, "Missing jobs of this status"},
      {"pending", ColumnKind::kNumber, "Missing jobs of this status"},
      {"other", ColumnKind::kNumber, "Missing jobs of any other status"},
      {"Claims", ColumnKind::kNumber, "Success claims"},
      {"No address", ColumnKind::kNumber, "Success claims without a usable address"},
      {"Absent", ColumnKind::kNumber, "Success claims whose object the store says is absent"},
      {"Marked by", ColumnKind::kText}};
  for (const Miner* miner : miners) {
    const double share = share_of(miner->missing, miner->jobs);
    const AuditReport::MissingByStatus& by_status = miner->missing_by_status;
    table.rows.push_back(
        {name_cell(miner->hotkey), count_cell(miner->jobs), count_cell(miner->missing),
         report::share_cell(share), count_cell(by_status.success), count_cell(by_status.failed),
         count_cell(by_status.pending), count_cell(by_status.other),
         count_cell(miner->success_claims), count_cell(miner->claims_without_address),
         audit.verdicts ? count_cell(miner->absent_objects) : absent_cell(),
         report::html_cell(marks(*miner))});
    if (chart.rows.size() == kMaxBars) continue;
    const std::uint64_t rest = miner->jobs > miner->missing ? miner->jobs - miner->missing : 0;
    const std::uint64_t other = by_status.failed + by_status.pending + by_status.other;
    chart.rows.push_back({miner->hotkey,
                          {static_cast<double>(by_status.success), static_cast<double>(other),
                           static_cast<double>(rest)},
                          share_text(share) + " of " + count_text(miner->jobs)});
  }
  if (!chart.rows.empty()) {
    chart.text.title = "Jobs and the share missing its image";
    if (chart.rows.size() < miners.size()) {
      chart.text.title += fmt::format(" (the {} miners with the most missing of {})",
                                      count_text(chart.rows.size()), count_text(miners.size()));
    }
    chart.text.description = fmt::format(
        "A bar for each of {} miners: missing jobs that call themselves a success, other missing "
        "jobs, jobs with an image. The table below holds the same figures.",
        count_text(chart.rows.size()));
    page.add(render(chart));
  }
  page.add(render(table));
}

}  // namespace assay::audit

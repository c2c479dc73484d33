#include "audit/run.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace assay::audit {
namespace {

// A hotkey in SS58 form has 48 characters.
constexpr std::size_t kHotkeyWidth = 48;

std::vector<const AuditReport::Miner*> suspects_of(const AuditReport& report) {
  std::vector<const AuditReport::Miner*> suspects;
  for (const AuditReport::Miner& miner : report.miners) {
    if (miner.ratio_suspect || miner.claims_suspect()) suspects.push_back(&miner);
  }
  const auto p_value = [](const AuditReport::Miner* miner) {
    return miner->claims_test ? miner->claims_test->p_adjusted : 1.0;
  };
  std::ranges::stable_sort(suspects, {}, p_value);
  return suspects;
}

std::string totals_text(const RunOutcome& outcome) {
  const AuditReport::Totals& totals = outcome.report.totals;
  const auto row = [](std::string_view name, std::uint64_t count) {
    return fmt::format("{:<26}{:>12}\n", name, report::count_text(count));
  };
  std::string text = row("jobs", totals.jobs);
  text += row("without an image", totals.missing);
  text += row("success claims", totals.success_claims);
  text += row("  without an address", totals.claims_without_address);
  text += row("  whose object is absent", totals.absent_objects);
  if (!outcome.verdicts) return text + "objects                   not asked\n";
  text += row("objects found", outcome.verdicts->present);
  if (outcome.verdicts->denied > 0) text += row("  denied", outcome.verdicts->denied);
  if (outcome.verdicts->unknown > 0) text += row("  unknown", outcome.verdicts->unknown);
  if (const auto& details = outcome.report.details) {
    text += row("  empty", details->zero_bytes);
    text += row("  older than the job", details->older_than_job);
    text += row("  claimed by several", details->shared_by_miners);
  }
  return text;
}

std::string suspect_row(const AuditReport::Miner& miner) {
  const std::string hotkey =
      report::shorten_middle(report::visible_text(miner.hotkey), kHotkeyWidth);
  const std::string padding(kHotkeyWidth - std::min(kHotkeyWidth, report::count_characters(hotkey)),
                            ' ');
  std::string row = fmt::format("{}{} {:>7} {:>7} {:>6.2f} {:>5}", hotkey, padding, miner.jobs,
                                miner.missing, miner.ratio, miner.ratio_suspect ? "yes" : "-");
  if (!miner.claims_test) return row + "        -               -      -\n";
  const AuditReport::ClaimsTest& test = *miner.claims_test;
  return row + fmt::format(" {:>7.1f}% {:>5.1f}-{:>4.1f}% {:>9} {:>5}\n", test.rate * 100,
                           test.lower * 100, test.upper * 100,
                           report::p_value_text(test.p_adjusted), test.suspect ? "yes" : "-");
}

}  // namespace

std::string run_text(const RunOutcome& outcome, std::size_t max_suspects) {
  const AuditReport& report = outcome.report;
  const auto suspects = suspects_of(report);
  const auto by_ratio = std::ranges::count_if(report.miners, &AuditReport::Miner::ratio_suspect);
  const auto by_claims = std::ranges::count_if(report.miners, &AuditReport::Miner::claims_suspect);
  std::string text = totals_text(outcome);
  text += fmt::format("\n{} by the ratio rule, {} by the exact test of their claims\n",
                      report::counted(static_cast<std::uint64_t>(by_ratio), "suspect", "suspects"),
                      by_claims);
  if (suspects.empty()) return text;
  text +=
      fmt::format("\n{:<{}} {:>7} {:>7} {:>6} {:>5} {:>8} {:>11} {:>9} {:>5}\n", "miner",
                  kHotkeyWidth, "jobs", "missing", "ratio", "flag", "claims", "95 %", "p", "flag");
  const std::size_t shown = std::min(max_suspects, suspects.size());
  for (std::size_t i = 0; i < shown; ++i) text += suspect_row(*suspects[i]);
  if (shown < suspects.size())
    text += fmt::format("... and {} more, in the report\n", suspects.size() - shown);
  return text;
}

}  // namespace assay::audit

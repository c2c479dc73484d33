#include "audit/diff.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace assay::audit {
namespace {

using MinersByName = std::map<std::string_view, const AuditReport::Miner*>;

MinersByName by_name(const AuditReport& audit) {
  MinersByName miners;
  for (const AuditReport::Miner& miner : audit.miners) miners[miner.hotkey] = &miner;
  return miners;
}

template <typename IsSuspect>
AuditDiff::Suspects diff_suspects(const MinersByName& before, const MinersByName& now,
                                  IsSuspect is_suspect) {
  AuditDiff::Suspects suspects;
  for (const auto& [hotkey, miner] : before) {
    if (!is_suspect(*miner)) continue;
    const auto found = now.find(hotkey);
    if (found == now.end()) {
      suspects.gone.emplace_back(hotkey);
    } else if (is_suspect(*found->second)) {
      suspects.still.emplace_back(hotkey);
    } else {
      suspects.cleared.emplace_back(hotkey);
    }
  }
  for (const auto& [hotkey, miner] : now) {
    const auto found = before.find(hotkey);
    const bool was_suspect = found != before.end() && is_suspect(*found->second);
    if (is_suspect(*miner) && !was_suspect) suspects.added.emplace_back(hotkey);
  }
  return suspects;
}

// An option may be NaN, which equals nothing by itself.
bool do_options_differ(AuditReport::Options before, AuditReport::Options now) {
  for (double AuditReport::Options::* const number :
       {&AuditReport::Options::success_ratio, &AuditReport::Options::tolerated_rate,
        &AuditReport::Options::false_discovery_rate}) {
    if (std::isnan(before.*number) && std::isnan(now.*number)) before.*number = now.*number = 0;
  }
  return before != now;
}

std::uint64_t claims_without_image(const AuditReport::Miner& miner) {
  return miner.claims_test ? miner.claims_test->without_image : 0;
}

AuditDiff::Miner diff_miner(const AuditReport::Miner& before, const AuditReport::Miner& now) {
  return {.hotkey = now.hotkey,
          .jobs = {before.jobs, now.jobs},
          .missing = {before.missing, now.missing},
          .success_missing = {before.missing_by_status.success, now.missing_by_status.success},
          .claims_without_image = {claims_without_image(before), claims_without_image(now)}};
}

bool has_changed(const AuditDiff::Miner& miner) {
  return miner.jobs.has_changed() || miner.missing.has_changed() ||
         miner.success_missing.has_changed() || miner.claims_without_image.has_changed();
}

std::uint64_t size_of(const Change& change) {
  return change.now > change.before ? change.now - change.before : change.before - change.now;
}

// False claims weigh most: they are what the audit is about.
auto weight(const AuditDiff::Miner& miner) {
  return std::tuple(size_of(miner.claims_without_image), size_of(miner.success_missing),
                    size_of(miner.missing), size_of(miner.jobs));
}

std::vector<AuditDiff::Total> diff_totals(const AuditReport& before, const AuditReport& now) {
  const AuditReport::Totals& old = before.totals;
  const AuditReport::Totals& totals = now.totals;
  std::vector<AuditDiff::Total> rows = {
      {"jobs", {old.jobs, totals.jobs}},
      {"with_image", {old.with_image, totals.with_image}},
      {"missing", {old.missing, totals.missing}},
      {"success_claims", {old.success_claims, totals.success_claims}},
      {"claims_without_address", {old.claims_without_address, totals.claims_without_address}},
      {"absent_objects", {old.absent_objects, totals.absent_objects}},
      {"miners", {before.miners.size(), now.miners.size()}}};
  const auto add_suspects = [&](std::string name, auto is_suspect) {
    const auto count = [&](const AuditReport& audit) {
      return static_cast<std::uint64_t>(std::ranges::count_if(audit.miners, is_suspect));
    };
    rows.push_back({std::move(name), {count(before), count(now)}});
  };
  add_suspects("suspects_by_ratio", &AuditReport::Miner::ratio_suspect);
  add_suspects("suspects_by_claims", &AuditReport::Miner::claims_suspect);
  return rows;
}

}  // namespace

std::int64_t Change::difference() const {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t size =
      std::min<std::uint64_t>(now > before ? now - before : before - now, kMost);
  const auto difference = static_cast<std::int64_t>(size);
  return now > before ? difference : -difference;
}

bool AuditDiff::has_changes() const {
  const bool totals_changed =
      std::ranges::any_of(totals, [](const Total& total) { return total.change.has_changed(); });
  return totals_changed || options_differ || !appeared.empty() || !gone.empty() ||
         by_ratio.has_changes() || by_claims.has_changes() || !miners.empty();
}

AuditDiff diff_reports(const AuditReport& before, const AuditReport& now) {
  const MinersByName old_miners = by_name(before);
  const MinersByName new_miners = by_name(now);
  AuditDiff diff;
  diff.totals = diff_totals(before, now);
  diff.options_differ = do_options_differ(before.options, now.options);
  for (const auto& [hotkey, miner] : old_miners) {
    if (!new_miners.contains(hotkey)) diff.gone.emplace_back(hotkey);
  }
  for (const auto& [hotkey, miner] : new_miners) {
    const auto found = old_miners.find(hotkey);
    if (found == old_miners.end()) {
      diff.appeared.emplace_back(hotkey);
      continue;
    }
    AuditDiff::Miner change = diff_miner(*found->second, *miner);
    if (has_changed(change)) diff.miners.push_back(std::move(change));
  }
  std::ranges::stable_sort(diff.miners,
                           [](const auto& a, const auto& b) { return weight(a) > weight(b); });
  diff.by_ratio =
      diff_suspects(old_miners, new_miners, [](const auto& miner) { return miner.ratio_suspect; });
  diff.by_claims = diff_suspects(old_miners, new_miners,
                                 [](const auto& miner) { return miner.claims_suspect(); });
  return diff;
}

}  // namespace assay::audit

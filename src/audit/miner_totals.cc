#include "audit/miner_totals.h"

namespace assay::audit {

std::vector<MinerTotals> totals_of(std::span<const MinerTally> tallies) {
  constexpr auto kSuccess = static_cast<std::size_t>(JobStatus::kSuccess);
  std::vector<MinerTotals> fleet;
  fleet.reserve(tallies.size());
  for (const MinerTally& tally : tallies) {
    MinerTotals totals;
    totals.hotkey = tally.hotkey;
    totals.jobs = sum(tally.jobs);
    // A success is a claim whatever has_image says, and so is a has_image of another status.
    totals.claims = tally.jobs[kSuccess] + sum(tally.image_claims) - tally.image_claims[kSuccess];
    totals.missing_jobs = tally.count_of_missing();
    totals.success_missing = tally.missing[kSuccess];
    totals.claims_without_address = sum(tally.claims_without_address);
    fleet.push_back(std::move(totals));
  }
  return fleet;
}

}  // namespace assay::audit

/// \file
/// The claims rule: of what a miner claims to have made, how much has no image, and can that be
/// an accident?

#pragma once

#include "audit/miner_totals.h"
#include "core/result.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

struct JudgementOptions {
  double tolerated_rate = 0.03;        ///< Claims without image that may be accidents, in [0, 1).
  double false_discovery_rate = 0.01;  ///< Share of honest miners among the suspects, in (0, 1).
};

/// One miner's judgement.
struct MinerJudgement {
  std::string hotkey;
  std::uint64_t claims = 0;
  std::uint64_t without_image = 0;  ///< Of the claims; see MinerTotals.
  double rate = 0;                  ///< without_image / claims; 0 without claims.
  double lower = 0;                 ///< Clopper and Pearson's 95 % interval of the rate.
  double upper = 1;
  /// How likely at least so many are without image, were the true rate the tolerated one.
  double p_value = 1;
  double p_adjusted = 1;  ///< By Benjamini and Hochberg, over the miners that claim anything.
  bool suspect = false;   ///< p_adjusted <= the false discovery rate.
};

/// Judge a fleet: a one-sided exact binomial test for each miner, adjusted over all of them. A
/// miner without claims is not tested, never suspect, and does not make the others' test weaker.
/// Order:  of `fleet`.
/// Errors: kInvalidInput (an option out of its range; more claims without image than claims).
Result<std::vector<MinerJudgement>> judge_claims(std::span<const MinerTotals> fleet,
                                                 const JudgementOptions& options);

/// All miners as CSV, the smallest p-value first, then the highest rate, then by hotkey.
/// Pre: `judgements` are those of `fleet`, in its order.
std::string to_csv(std::span<const MinerTotals> fleet, std::span<const MinerJudgement> judgements);

/// Where that CSV goes: `reports/flagged.csv` gives `reports/flagged_claims.csv`.
std::filesystem::path claims_path(const std::filesystem::path& output);

/// `Flagged 2 of 59 miners by their claims (tolerate 0.03, fdr 0.01) -> out_claims.csv`.
std::string describe(std::span<const MinerJudgement> judgements, const JudgementOptions& options,
                     std::string_view output);

}  // namespace assay::audit

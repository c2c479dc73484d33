/// \file
/// What an answer earns: the old scorer's formula, and one that counts silence and calibration.

#pragma once

#include "core/result.h"
#include "scoring/answer_window.h"

#include <cstdint>
#include <string_view>

namespace assay::scoring {

enum class Formula : std::uint8_t {
  /// ((mcc of 100 + accuracy of 10) / 2) ^ 3, and nothing for silence or a number outside of [0,
  /// 1].
  /// Earned answer by answer and averaged.
  kNatix,
  /// (skill * (1 - brier)) ^ 3 of 100, where skill is what a lower confidence bound leaves of the
  /// balanced accuracy above chance, and silence and what is no answer are wrong.
  kCalibrated,
};
inline constexpr std::size_t kNumFormulas = 2;

std::string_view to_string(Formula formula);
/// Errors: kInvalidInput (names the formulas there are).
Result<Formula> parse_formula(std::string_view name);

inline constexpr std::size_t kLongWindow = 100;
inline constexpr std::size_t kShortWindow = 10;

/// The two windows that formulas look at.
struct MinerWindows {
  AnswerWindow recent{kLongWindow};
  AnswerWindow latest{kShortWindow};

  void add(const Answer& answer);
};

/// The constants of kCalibrated; docs/decisions/0010-calibrated-formula.md derives it.
struct CalibratedOptions {
  /// Standard deviations below what was seen: 1.645 is a one-sided bound of 95 %.
  double deviations = 1.645;
  /// Over 1 it pays the better miner more than proportionally.
  double exponent = 3;
};

/// The old scorer's factor: 0 below 0 and above 1, else 1. NaN, being neither, has 1.
double range_factor(double prediction);

/// What `last`, which is already in `windows`, earns. In [0, 1].
double natix_reward(const MinerWindows& windows, const Answer& last);

/// E. B. Wilson's lower bound ("Probable Inference, the Law of Succession, and Statistical
/// Inference", 1927) for a rate that was `rate` in `size` trials, which need not be whole numbers;
/// 0 without trials.
double wilson_lower_bound(double rate, double size, double deviations);

/// What the answers so far are worth. In [0, 1]; 0 until both labels have occurred.
double calibrated_reward(const StrictTally& tally, const CalibratedOptions& options = {});

/// What is left of a score after claims of images that were looked for, in [0, 1]: 1 less the lower
/// confidence bound of the share that was not there. 1 without claims, and under kNatix.
/// docs/decisions/0013-false-claims.md.
double claim_factor(Formula formula, std::uint64_t num_there, std::uint64_t num_absent,
                    const CalibratedOptions& options = {});

double reward(Formula formula, const MinerWindows& windows, const Answer& last);

/// How far one reward moves a score: 0.05 for kNatix. kCalibrated averages over its window, so its
/// last reward is the score.
double moving_average_weight(Formula formula);

}  // namespace assay::scoring

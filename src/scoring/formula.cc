#include "scoring/formula.h"

#include "core/shown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace assay::scoring {

std::string_view to_string(Formula formula) {
  return formula == Formula::kNatix ? "natix" : "calibrated";
}

Result<Formula> parse_formula(std::string_view name) {
  for (const Formula formula : {Formula::kNatix, Formula::kCalibrated}) {
    if (name == to_string(formula)) return formula;
  }
  return invalid_input(fmt::format("there is no formula {}; the formulas are natix and calibrated",
                                   shown_text(name)));
}

void MinerWindows::add(const Answer& answer) {
  recent.add(answer);
  latest.add(answer);
}

double range_factor(double prediction) { return prediction < 0 || prediction > 1 ? 0 : 1; }

double natix_reward(const MinerWindows& windows, const Answer& last) {
  if (last.is_silent()) return 0;
  const double half_sum =
      0.5 * windows.recent.metrics().mcc + 0.5 * windows.latest.metrics().accuracy;
  const double base = half_sum * range_factor(last.value());
  return base * base * base;
}

double wilson_lower_bound(double rate, double size, double deviations) {
  if (size <= 0) return 0;
  const double square = deviations * deviations;
  const double centre = rate * size + square / 2;
  const double spread = deviations * std::sqrt(rate * (1 - rate) * size + square / 4);
  return std::max(0.0, (centre - spread) / (size + square));
}

double calibrated_reward(const StrictTally& tally, const CalibratedOptions& options) {
  const double size = tally.effective_size();
  if (size == 0) return 0;
  const double bound = wilson_lower_bound(tally.balanced_accuracy(), size, options.deviations);
  const double skill = std::max(0.0, 2 * bound - 1);
  return std::pow(skill * (1 - tally.balanced_brier()), options.exponent);
}

double claim_factor(Formula formula, std::uint64_t num_there, std::uint64_t num_absent,
                    const CalibratedOptions& options) {
  if (formula == Formula::kNatix || num_absent == 0) return 1;
  const double size = static_cast<double>(num_there) + static_cast<double>(num_absent);
  return 1 - wilson_lower_bound(static_cast<double>(num_absent) / size, size, options.deviations);
}

double reward(Formula formula, const MinerWindows& windows, const Answer& last) {
  return formula == Formula::kNatix ? natix_reward(windows, last)
                                    : calibrated_reward(windows.recent.strict());
}

double moving_average_weight(Formula formula) { return formula == Formula::kNatix ? 0.05 : 1.0; }

}  // namespace assay::scoring

/// \file
/// Exact binomial tails, confidence intervals and the control of false discoveries.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay::statistics {

/// P(X >= `successes`) for X binomial over `trials` at `probability`. Relative error at most 1e-10
/// for up to 1e7 trials, down to the smallest normal double; below that 0.
/// Pre:  `successes` <= `trials`, 0 <= `probability` <= 1.
/// Cost: some ten times the square root of `trials` additions at worst.
double binomial_upper_tail(std::uint64_t successes, std::uint64_t trials, double probability);

struct RateInterval {
  double lower = 0;
  double upper = 1;
};

/// Clopper and Pearson's interval for a rate: it holds the true one with at least `confidence`.
/// Pre: `successes` <= `trials`, 0 < `confidence` < 1. Without trials it is [0, 1].
RateInterval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double confidence);

/// Adjust p-values by Benjamini and Hochberg's step-up rule: what is at most q among the result is
/// a set of which, on average, at most a share q is false.
/// Order: of `p_values`.
std::vector<double> adjust_p_values(std::span<const double> p_values);

}  // namespace assay::statistics

#include "statistics/binomial.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

// One probability, P(X = k), is computed by the saddle-point expansion of C. Loader ("Fast and
// Accurate Computation of Binomial Probabilities", 2000): Stirling's formula cancels by hand, so
// that no difference of two large logarithms is left. The usual way over lgamma() would lose eight
// digits at ten million trials.
//
// A tail is that one probability times the sum of the ratios of its neighbours to it, which are
// rational. All terms are positive, so nothing cancels, and the sum ends as soon as what is left
// cannot be seen: after some multiple of the standard deviation when k is near the mean, after a
// few terms far from it. The tail on the mean's own side is got as 1 minus the other, which is then
// at most about one half.

namespace assay::statistics {
namespace {

/// log(n!) minus Stirling's log(sqrt(2 pi n)) + n log(n) - n, for n >= 1.
double stirling_error(double n) {
  if (n < 16) {
    return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - 0.5 * std::log(2 * std::numbers::pi);
  }
  const double inverse_square = 1 / (n * n);
  return (1.0 / 12 -
          inverse_square *
              (1.0 / 360 -
               inverse_square *
                   (1.0 / 1260 - inverse_square * (1.0 / 1680 - inverse_square / 1188)))) /
         n;
}

/// x log(x / mean) + mean - x, without cancellation where x is close to the mean.
double deviance(double x, double mean) {
  const double difference = x - mean;
  if (std::abs(difference) >= 0.1 * (x + mean)) return x * std::log(x / mean) - difference;
  // log(x / mean) = 2 atanh(v) with v below, as a series in v.
  const double v = difference / (x + mean);
  const double square = v * v;
  double power = 2 * x * v;
  double sum = difference * v;
  for (int odd = 3; odd < 1000; odd += 2) {
    power *= square;
    const double next = sum + power / odd;
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

/// P(X = k). Pre: 0 < p < 1.
double point_probability(double k, double n, double p) {
  const double q = 1 - p;
  if (k == 0) return std::exp(n * std::log1p(-p));
  if (k == n) return std::exp(n * std::log(p));
  const double exponent = stirling_error(n) - stirling_error(k) - stirling_error(n - k) -
                          deviance(k, n * p) - deviance(n - k, n * q);
  return std::exp(exponent) * std::sqrt(n / (2 * std::numbers::pi * k * (n - k)));
}

/// Sum of P(X = j) / P(X = k) over j >= k. Pre: k is not below the mean.
double sum_upwards(double k, double n, double odds) {
  double sum = 1;
  double term = 1;
  const auto num_ratios = static_cast<std::uint64_t>(n - k);
  for (std::uint64_t i = 0; i < num_ratios; ++i) {
    const double j = k + static_cast<double>(i);
    term *= (n - j) / (j + 1) * odds;
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum;
}

/// P(X >= k) and P(X = k). Pre: 0 < k <= n, 0 < p < 1.
struct Tail {
  double tail;
  double point;
};

Tail upper_tail(double k, double n, double p) {
  const double point = point_probability(k, n, p);
  if (k >= n * p) return {.tail = point * sum_upwards(k, n, p / (1 - p)), .point = point};
  // P(X <= k - 1), as the upper tail of the failures.
  const double below = point_probability(k - 1, n, p) * sum_upwards(n - k + 1, n, (1 - p) / p);
  return {.tail = 1 - below, .point = point};
}

/// The p at which P(X >= k) is `target`. Pre: 0 < k <= n, 0 < target < 1/2.
///
/// Newton's method on log P, which is increasing and concave in p: from the left it closes in
/// without overshooting, from the right its first step leads to the left. A bracket catches steps
/// that rounding or a lost tail spoil.
double solve_upper_tail(double k, double n, double target) {
  double low = 0;
  double high = k / n;  // there the tail is near one half, so the root is to the left
  double p = high < 1 ? high : 1 - 0.5 / n;
  for (int step = 0; step < 200; ++step) {
    const auto [tail, point] = upper_tail(k, n, p);
    (tail < target ? low : high) = p;
    // d P(X >= k) / dp = P(X = k) k / p.
    double next = tail > 0 ? p - std::log(tail / target) * tail * p / (point * k) : low;
    if (!(next > low && next < high)) next = low + (high - low) / 2;
    if (std::abs(next - p) <= 4 * std::numeric_limits<double>::epsilon() * p) return next;
    p = next;
  }
  return p;
}

}  // namespace

double binomial_upper_tail(std::uint64_t successes, std::uint64_t trials, double probability) {
  CHECK(successes <= trials, "more successes than trials");
  CHECK(probability >= 0 && probability <= 1, "a probability outside [0, 1]");
  if (successes == 0 || probability == 1) return 1;
  if (probability == 0) return 0;
  const auto k = static_cast<double>(successes);
  const auto n = static_cast<double>(trials);
  return std::clamp(upper_tail(k, n, probability).tail, 0.0, 1.0);
}

RateInterval clopper_pearson(std::uint64_t successes, std::uint64_t trials, double confidence) {
  CHECK(successes <= trials, "more successes than trials");
  CHECK(confidence > 0 && confidence < 1, "a confidence outside (0, 1)");
  const double target = (1 - confidence) / 2;
  const auto k = static_cast<double>(successes);
  const auto n = static_cast<double>(trials);
  RateInterval interval;
  if (successes > 0) interval.lower = solve_upper_tail(k, n, target);
  // The upper bound of a rate is one minus the lower bound of its counterpart.
  if (successes < trials) interval.upper = 1 - solve_upper_tail(n - k, n, target);
  return interval;
}

std::vector<double> adjust_p_values(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::ranges::generate(order, [next = std::size_t{0}] mutable { return next++; });
  std::ranges::stable_sort(order, {}, [&](std::size_t index) { return p_values[index]; });
  std::vector<double> adjusted(p_values.size());
  double smallest = 1;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t index = order[rank - 1];
    smallest = std::min(
        smallest, p_values[index] * static_cast<double>(order.size()) / static_cast<double>(rank));
    adjusted[index] = smallest;
  }
  return adjusted;
}

}  // namespace assay::statistics

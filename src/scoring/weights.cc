#include "scoring/weights.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

namespace assay::scoring {
namespace {

constexpr double kMaxChainWeight = 65'535;
// What keeps the cut just below the limit, where rounding would lift it above.
constexpr double kMargin = 1e-7;
// NumPy's pairwise sum: eight running sums up to a block, halves above.
constexpr std::size_t kSumBlock = 128;
constexpr std::size_t kNumSums = 8;

float sum_of(std::span<const float> values) {
  const std::size_t size = values.size();
  if (size < kNumSums) return std::accumulate(values.begin(), values.end(), 0.0F);
  if (size <= kSumBlock) {
    std::array<float, kNumSums> sums{};
    std::copy_n(values.begin(), kNumSums, sums.begin());
    std::size_t i = kNumSums;
    for (; i + kNumSums <= size; i += kNumSums) {
      for (std::size_t k = 0; k < kNumSums; ++k) sums[k] += values[i + k];
    }
    const float sum =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    return std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(i), values.end(), sum);
  }
  const std::size_t half = size / 2 - size / 2 % kNumSums;
  return sum_of(values.first(half)) + sum_of(values.subspan(half));
}

std::vector<float> divided(std::span<const float> values, float divisor) {
  std::vector<float> quotients(values.begin(), values.end());
  for (float& value : quotients) value /= divisor;
  return quotients;
}

/// The height at which all that is higher is cut. `shares` rise and sum to 1, so there is one.
double cut_share(std::span<const float> shares, double limit) {
  CHECK(!shares.empty(), "no shares to cut");
  const auto limit_float = static_cast<float>(limit);
  const auto margin = static_cast<float>(kMargin);
  std::vector<float> below(shares.size());
  std::partial_sum(shares.begin(), shares.end(), below.begin());
  // If all from i on were cut to the height of i: is it still under the limit of what is left?
  std::size_t num_kept = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto num_above = static_cast<float>(shares.size() - i - 1);
    if (shares[i] / (num_above * shares[i] + below[i] + margin) < limit_float) ++num_kept;
  }
  // Nothing under the limit: as when the limit is just above an equal share.
  const float kept = num_kept == 0 ? below.back() : below[num_kept - 1];
  const auto num_cut = static_cast<double>(shares.size() - num_kept);
  return static_cast<double>(limit_float * kept - margin) / (1 - limit * num_cut);
}

}  // namespace

float moved_score(float score, double reward, double moving_average_weight) {
  const float old = std::isfinite(score) ? score : 0;
  const float earned = std::isfinite(reward) ? static_cast<float>(reward) : 0;
  return static_cast<float>(moving_average_weight) * earned +
         static_cast<float>(1 - moving_average_weight) * old;
}

void update_scores(std::span<float> scores, std::span<const Earning> earnings,
                   std::span<const Neuron> neurons, const ScoreOptions& options) {
  CHECK(scores.size() == neurons.size(), "scores and neurons that do not belong together");
  std::vector<std::optional<double>> rewards(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (is_validator(neurons[i], options.stake_limit)) rewards[i] = 0;
  }
  for (const Earning& earning : earnings) {
    CHECK(earning.uid < scores.size(), "an earning of a uid that is not in the network");
    rewards[earning.uid] = earning.reward;
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::optional<double> reward = rewards[i];
    if (!reward) continue;
    scores[i] = moved_score(scores[i], *reward, options.moving_average_weight);
  }
}

std::vector<float> normalise_max_weight(std::span<const float> weights, double limit) {
  if (weights.empty()) return {};
  const auto size = static_cast<float>(weights.size());
  if (sum_of(weights) == 0 || static_cast<double>(weights.size()) * limit <= 1) {
    return std::vector<float>(weights.size(), 1 / size);
  }
  std::vector<float> rising(weights.begin(), weights.end());
  std::ranges::sort(rising);
  const float sum = sum_of(rising);
  const std::vector<float> shares = divided(rising, sum);
  if (shares.back() <= static_cast<float>(limit)) return divided(weights, sum_of(weights));
  const double cut = cut_share(shares, limit) * static_cast<double>(sum);
  std::vector<float> lowered(weights.begin(), weights.end());
  for (float& weight : lowered) {
    if (static_cast<double>(weight) > cut) weight = static_cast<float>(cut);
  }
  return divided(lowered, sum_of(lowered));
}

std::string_view to_string(SmallWeights small) {
  return small == SmallWeights::kKeep1 ? "keep" : "drop";
}

std::vector<ChainWeight> to_chain_weights(std::span<const UidWeight> weights, SmallWeights small) {
  double largest = 0;
  for (const UidWeight& entry : weights) {
    if (std::isfinite(entry.weight)) largest = std::max(largest, entry.weight);
  }
  std::vector<ChainWeight> chain;
  if (largest == 0) return chain;
  for (const UidWeight& entry : weights) {
    if (!std::isfinite(entry.weight) || entry.weight <= 0) continue;
    const double rounded = std::nearbyint(entry.weight / largest * kMaxChainWeight);
    if (rounded > 0 || small == SmallWeights::kKeep1) {
      chain.push_back({entry.uid, static_cast<std::uint16_t>(std::max(rounded, 1.0))});
    }
  }
  return chain;
}

WeightSet weights_of(std::span<const float> scores, const WeightOptions& options) {
  WeightSet set;
  std::vector<float> clean(scores.begin(), scores.end());
  for (float& score : clean) {
    if (std::isfinite(score) && score >= 0) continue;
    score = 0;
    ++set.num_bad_scores;
  }
  float sum = sum_of(clean);
  if (sum == 0 || !std::isfinite(sum)) sum = 1;
  const std::vector<float> shares = divided(clean, sum);
  std::vector<Uid> uids;
  std::vector<float> positive;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] <= 0) continue;
    uids.push_back(static_cast<Uid>(i));
    positive.push_back(shares[i]);
  }
  if (positive.empty() || positive.size() < options.min_allowed) {
    set.is_burnt = true;
    set.weights = {
        {.uid = options.burn_uid, .weight = static_cast<std::uint16_t>(kMaxChainWeight)}};
    return set;
  }
  const std::vector<float> limited = normalise_max_weight(positive, options.max_share);
  std::vector<UidWeight> weights;
  weights.reserve(uids.size());
  for (std::size_t i = 0; i < uids.size(); ++i) weights.push_back({uids[i], limited[i]});
  set.weights = to_chain_weights(weights, options.small);
  return set;
}

double gini(std::span<const double> shares) {
  std::vector<double> rising(shares.begin(), shares.end());
  std::ranges::sort(rising);
  double sum = 0;
  double weighted = 0;
  for (std::size_t i = 0; i < rising.size(); ++i) {
    sum += rising[i];
    weighted +=
        rising[i] * (2 * static_cast<double>(i + 1) - static_cast<double>(rising.size()) - 1);
  }
  return sum == 0 ? 0 : weighted / (sum * static_cast<double>(rising.size()));
}

}  // namespace assay::scoring

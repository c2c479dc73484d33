/// \file
/// From rewards to scores, and from scores to the 16-bit weights that the chain takes. The numbers
/// are 32-bit floats and summed in the order of the old validator, so that both give the same.

#pragma once

#include "scoring/neuron.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace assay::scoring {

/// What one miner earned in a round.
struct Earning {
  Uid uid = 0;
  double reward = 0;
};

struct ScoreOptions {
  /// How far one reward moves a score.
  double moving_average_weight = 0.05;
  double stake_limit = kValidatorStakeLimit;
};

/// `score` after one more reward. What is no number counts as 0.
float moved_score(float score, double reward, double moving_average_weight);

/// Move the scores of those who earned something, and of validators towards 0; all others stay. Of
/// two earnings of one uid the last counts. Pre: `scores` and `neurons` have one size, and every
/// uid is below it.
void update_scores(std::span<float> scores, std::span<const Earning> earnings,
                   std::span<const Neuron> neurons, const ScoreOptions& options = {});

/// Scale to a sum of 1 with nobody above `limit`: what is over is cut to one height, found so that
/// it is `limit` of the new sum. Equal shares when all are 0 or the limit is too low for so few.
/// Pre: no weight is negative or NaN.
std::vector<float> normalise_max_weight(std::span<const float> weights, double limit);

/// A uid's weight as the chain has it.
struct ChainWeight {
  Uid uid = 0;
  std::uint16_t weight = 0;

  bool operator==(const ChainWeight&) const = default;
};

/// What becomes of positive weights that are too small for 16 bits.
enum class SmallWeights : std::uint8_t {
  kDrop,   ///< As the chain's own tools do.
  kKeep1,  ///< They become 1.
};

/// `drop` or `keep`.
std::string_view to_string(SmallWeights small);

/// A weight before it is rounded. Doubles hold those of either size exactly.
struct UidWeight {
  Uid uid = 0;
  double weight = 0;
};

/// Scale the largest to 65535, round halves to even, and leave out what is 0, negative or NaN.
std::vector<ChainWeight> to_chain_weights(std::span<const UidWeight> weights,
                                          SmallWeights small = SmallWeights::kDrop);

struct WeightOptions {
  /// Of the subnet: fewer weights than this are refused by the chain.
  std::size_t min_allowed = 1;
  /// Of the subnet: the most that one may have, as share of all.
  double max_share = 1.0;
  /// Who gets everything when too few have earned anything.
  Uid burn_uid = 0;
  SmallWeights small = SmallWeights::kDrop;
};

struct WeightSet {
  std::vector<ChainWeight> weights;
  /// Too few had a positive score: all goes to the burn uid.
  bool is_burnt = false;
  /// Scores that were NaN, infinite or negative, and count as 0.
  std::size_t num_bad_scores = 0;
};

/// The weights that these scores, by uid, come to.
WeightSet weights_of(std::span<const float> scores, const WeightOptions& options = {});

/// How unequal shares are, after C. Gini: 0 when all are equal, near 1 when one has everything.
/// 0 without shares or with a sum of 0. Pre: none is negative or NaN.
double gini(std::span<const double> shares);

}  // namespace assay::scoring

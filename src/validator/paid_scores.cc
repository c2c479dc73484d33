#include "validator/paid_scores.h"

#include <cstddef>

namespace assay::validator {

std::vector<float> paid_scores(const scoring::ScoreBook& book, const ClaimCounts& claims) {
  std::vector<float> scores = book.scores();
  for (std::size_t uid = 0; uid < scores.size(); ++uid) {
    const auto found = claims.find(book.miners()[uid].hotkey);
    if (found == claims.end()) continue;
    scores[uid] *= static_cast<float>(scoring::claim_factor(
        book.formula(), found->second.num_verified, found->second.num_missing));
  }
  return scores;
}

}  // namespace assay::validator

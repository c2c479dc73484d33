#include "validator/paid_scores.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

namespace assay::validator {

std::vector<float> paid_scores(const scoring::ScoreBook& book, const ClaimCounts& claims,
                               const Copies& copies, scoring::CopyPolicy copy_policy) {
  std::vector<float> scores = book.scores();
  if (copy_policy == scoring::CopyPolicy::kShare && !copies.empty()) {
    std::set<std::string_view> members;
    for (const scoring::MinerState& miner : book.miners()) members.insert(miner.hotkey);
    for (std::size_t uid = 0; uid < scores.size(); ++uid) {
      const auto group = copies.find(book.miners()[uid].hotkey);
      if (group == copies.end()) continue;
      const auto num_others = std::ranges::count_if(
          group->second, [&](const std::string& other) { return members.contains(other); });
      scores[uid] /= static_cast<float>(num_others + 1);
    }
  }
  for (std::size_t uid = 0; uid < scores.size(); ++uid) {
    const auto found = claims.find(book.miners()[uid].hotkey);
    if (found == claims.end()) continue;
    scores[uid] *= static_cast<float>(scoring::claim_factor(
        book.formula(), found->second.num_verified, found->second.num_missing));
  }
  return scores;
}

}  // namespace assay::validator

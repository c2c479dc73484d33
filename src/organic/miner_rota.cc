#include "organic/miner_rota.h"

#include <algorithm>
#include <unordered_set>

namespace assay::organic {

std::vector<Miner> MinerRota::choose(std::size_t count, std::span<const Miner> available,
                                     Instant now, RandomSource& random) {
  std::unordered_set<keys::Hotkey> present;
  for (const Miner& miner : available) present.insert(miner.hotkey);
  std::erase_if(resting_, [&](const auto& entry) {
    return entry.second <= now || !present.contains(entry.first);
  });
  std::vector<scoring::Uid> eligible;
  for (const Miner& miner : available) {
    if (!resting_.contains(miner.hotkey)) eligible.push_back(miner.uid);
  }
  if (eligible.empty()) {
    for (const Miner& miner : available) eligible.push_back(miner.uid);
  }
  std::vector<Miner> chosen;
  for (const scoring::Uid uid : deck_.deal(count, eligible, random)) {
    chosen.push_back(*std::ranges::find(available, uid, &Miner::uid));
  }
  return chosen;
}

void MinerRota::rest(const keys::Hotkey& miner, Instant now) { resting_[miner] = now + cool_down_; }

}  // namespace assay::organic

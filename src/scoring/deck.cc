#include "scoring/deck.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace assay::scoring {
namespace {

using UidSet = std::unordered_set<Uid>;

UidSet set_of(std::span<const Uid> uids) { return {uids.begin(), uids.end()}; }

void shuffle(std::vector<Uid>& uids, RandomSource& random) {
  for (std::size_t i = uids.size(); i > 1; --i) std::swap(uids[i - 1], uids[random.below(i)]);
}

}  // namespace

Deck::Deck(std::vector<Uid> pending, std::vector<Uid> dealt)
    : pending_(std::move(pending)), dealt_(std::move(dealt)) {}

void Deck::admit(std::span<const Uid> eligible, RandomSource& random) {
  const UidSet may = set_of(eligible);
  const auto may_not = [&](Uid uid) { return !may.contains(uid); };
  std::erase_if(pending_, may_not);
  std::erase_if(dealt_, may_not);
  UidSet known = set_of(pending_);
  known.insert(dealt_.begin(), dealt_.end());
  for (const Uid uid : eligible) {
    if (!known.insert(uid).second) continue;
    const auto place = static_cast<std::ptrdiff_t>(random.below(pending_.size() + 1));
    pending_.insert(pending_.begin() + place, uid);
  }
}

std::vector<Uid> Deck::deal(std::size_t count, std::span<const Uid> eligible,
                            RandomSource& random) {
  admit(eligible, random);
  const std::size_t wanted = std::min(count, pending_.size() + dealt_.size());
  std::vector<Uid> hand;
  UidSet in_hand;
  while (hand.size() < wanted) {
    if (pending_.empty()) {
      pending_ = std::exchange(dealt_, {});
      shuffle(pending_, random);
    }
    // From the top, passing over those in hand already: they keep their places.
    auto next = pending_.end() - 1;
    while (in_hand.contains(*next)) --next;
    hand.push_back(*next);
    in_hand.insert(*next);
    dealt_.push_back(*next);
    pending_.erase(next);
  }
  return hand;
}

}  // namespace assay::scoring

/// \file
/// Which miners are asked: each as often as any other, and not those who just failed.

#pragma once

#include "core/random.h"
#include "organic/miner_line.h"
#include "scoring/deck.h"

#include <chrono>
#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

namespace assay::organic {

/// Threads: one thread at a time.
class MinerRota {
 public:
  using Instant = std::chrono::nanoseconds;  ///< Of Clock::monotonic().

  /// A miner without an answer rests for `cool_down`.
  explicit MinerRota(std::chrono::milliseconds cool_down) : cool_down_(cool_down) {}

  /// Deal `count` different miners of `available`, fewer when there are fewer. Those who rest are
  /// taken only when nobody else is there.
  std::vector<Miner> choose(std::size_t count, std::span<const Miner> available, Instant now,
                            RandomSource& random);
  /// One that was chosen gave no answer.
  void rest(const keys::Hotkey& miner, Instant now);

  /// Of the members that were available at the last choice.
  std::size_t num_resting() const { return resting_.size(); }

 private:
  std::chrono::milliseconds cool_down_;
  scoring::Deck deck_;
  std::unordered_map<keys::Hotkey, Instant> resting_;  // until when
};

}  // namespace assay::organic

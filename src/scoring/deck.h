/// \file
/// Who is asked next: everybody as often as anybody else, and nobody twice at once.

#pragma once

#include "core/random.h"
#include "scoring/neuron.h"

#include <cstddef>
#include <span>
#include <vector>

namespace assay::scoring {

/// A shuffled deck of uids that is dealt from the top and made anew when it is empty. A hand that
/// empties it goes on with the next one, but never takes a uid twice. After any number of deals to
/// an unchanged set, two uids differ by one deal at most.
/// Threads: one thread at a time.
class Deck {
 public:
  /// Deal `count` different uids of `eligible`, or all when there are fewer. Who is not eligible
  /// any more leaves the deck; who is new comes in at a random place, and need not wait for the
  /// next.
  std::vector<Uid> deal(std::size_t count, std::span<const Uid> eligible, RandomSource& random);

  /// What is still to be dealt of this deck, the top last, and what was.
  std::span<const Uid> pending() const { return pending_; }
  std::span<const Uid> dealt() const { return dealt_; }

  Deck() = default;
  /// Go on with a deck that was saved.
  Deck(std::vector<Uid> pending, std::vector<Uid> dealt);

 private:
  void admit(std::span<const Uid> eligible, RandomSource& random);

  std::vector<Uid> pending_;
  std::vector<Uid> dealt_;  // of this deck
};

}  // namespace assay::scoring

#include "cache/draw_pool.h"

#include <algorithm>

namespace assay::cache {
namespace {

// A miss of all of these, with a tenth of the items free, happens once in thirty draws; the search
// that follows is short.
constexpr int kNumProbes = 32;
constexpr std::size_t kNowhere = ~std::size_t{0};

}  // namespace

void DrawPool::add(std::uint64_t id) {
  if (ids_.size() % kBlockSize == 0) {
    bounds_.emplace_back();
    counts_.emplace_back();
    visited_.emplace_back();
  }
  bounds_.back() = ServedMap::kNever;
  counts_.back() = 0;
  ids_.push_back(id);
}

std::size_t DrawPool::end_of(std::size_t block) const {
  return std::min(ids_.size(), (block + 1) * kBlockSize);
}

/// The last one takes its place.
void DrawPool::drop(std::size_t position) {
  ids_[position] = ids_.back();
  ids_.pop_back();
  bounds_[position / kBlockSize] = ServedMap::kNever;
  counts_[position / kBlockSize] = 0;
  if (ids_.size() % kBlockSize == 0) {
    bounds_.pop_back();
    counts_.pop_back();
    visited_.pop_back();
  }
}

std::optional<Claimed> DrawPool::try_claim(ServedMap& served, std::size_t position,
                                           std::uint64_t seen, const DrawMoment& moment) {
  const std::uint64_t id = ids_[position];
  const std::uint64_t num_served = served.num_served(id);
  // Times grow even when the clock was set back: the pools rely on it, and of two who saw the same
  // only one can be right.
  const std::uint64_t until = std::max(moment.now, seen + 1);
  if (!served.claim(id, seen, until)) return std::nullopt;
  return Claimed{.id = id, .num_served = num_served, .last_served = seen};
}

/// Look at random items: uniform among the free ones.
std::optional<Claimed> DrawPool::probe(ServedMap& served, RandomSource& random,
                                       const DrawMoment& moment, const ItemTable& items) {
  for (int i = 0; i < kNumProbes && !ids_.empty(); ++i) {
    const auto position = static_cast<std::size_t>(random.below(ids_.size()));
    items.fetch(ids_[position]);
    const std::uint64_t seen = served.last_served(ids_[position]);
    if (seen == ServedMap::kGone) {
      drop(position);
      continue;
    }
    if (seen > moment.free_since) continue;
    if (auto claimed = try_claim(served, position, seen, moment)) return claimed;
  }
  return std::nullopt;
}

DrawPool::BlockView DrawPool::look_at(ServedMap& served, RandomSource& random, std::size_t block,
                                      const DrawMoment& moment, PoolOrder order) {
  BlockView view;
  std::uint64_t num_equal = 0;
  for (std::size_t position = block * kBlockSize; position < end_of(block);) {
    const std::uint64_t seen = served.last_served(ids_[position]);
    if (seen == ServedMap::kGone) {
      drop(position);
      // What took the place, if any, is looked at next; of the last block its end moved.
      view = {};
      num_equal = 0;
      position = block * kBlockSize;
      continue;
    }
    view.oldest = std::min(view.oldest, seen);
    const std::uint64_t count =
        order == PoolOrder::kLeastUsed ? served.num_served(ids_[position]) : 0;
    view.least_count = std::min(view.least_count, count);
    if (seen <= moment.free_since) {
      if (!view.best || count < view.best_count) {
        view.best = position;
        view.best_seen = seen;
        view.best_count = count;
        num_equal = 1;
      } else if (count == view.best_count && random.below(++num_equal) == 0) {
        view.best = position;
        view.best_seen = seen;
      }
    }
    ++position;
  }
  return view;
}

/// Exact: finds a free item if there is one.
std::optional<Claimed> DrawPool::search(ServedMap& served, RandomSource& random,
                                        const DrawMoment& moment) {
  if (bounds_.empty()) return std::nullopt;
  const auto start = static_cast<std::size_t>(random.below(bounds_.size()));
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    const std::size_t block = (start + i) % bounds_.size();
    while (block < bounds_.size() && bounds_[block] <= moment.free_since) {
      const BlockView view = look_at(served, random, block, moment, PoolOrder::kUniform);
      if (block >= bounds_.size()) break;  // its items were gone
      bounds_[block] = view.oldest;
      if (!view.best) break;
      if (auto claimed = try_claim(served, *view.best, view.best_seen, moment)) return claimed;
      // Another process was faster: the block has one less to offer.
      bounds_[block] = ServedMap::kNever;
    }
  }
  return std::nullopt;
}

/// Exact: block by block, the one first whose items may have been served least often, until no
/// other one can hold a better item.
std::optional<Claimed> DrawPool::claim_least_used(ServedMap& served, RandomSource& random,
                                                  const DrawMoment& moment) {
  while (!bounds_.empty()) {
    ++draw_number_;
    std::optional<std::size_t> best;
    std::uint64_t best_seen = 0;
    std::uint64_t best_count = ~std::uint64_t{0};
    while (!bounds_.empty()) {
      const auto start = static_cast<std::size_t>(random.below(bounds_.size()));
      std::size_t next = kNowhere;
      for (std::size_t i = 0; i < bounds_.size(); ++i) {
        const std::size_t block =
            start + i < bounds_.size() ? start + i : start + i - bounds_.size();
        if (visited_[block] == draw_number_ || bounds_[block] > moment.free_since) continue;
        if (next == kNowhere || counts_[block] < counts_[next]) next = block;
      }
      if (next == kNowhere || counts_[next] >= best_count) break;
      const std::size_t num_before = ids_.size();
      const BlockView view = look_at(served, random, next, moment, PoolOrder::kLeastUsed);
      if (ids_.size() != num_before) {
        // Items that were gone left the pool, and others changed places.
        best.reset();
        best_count = ~std::uint64_t{0};
        ++draw_number_;
      }
      if (next >= bounds_.size()) continue;
      visited_[next] = draw_number_;
      bounds_[next] = view.oldest;
      counts_[next] = view.least_count;
      if (!view.best || view.best_count >= best_count) continue;
      best = view.best;
      best_seen = view.best_seen;
      best_count = view.best_count;
    }
    if (!best) return std::nullopt;
    if (auto claimed = try_claim(served, *best, best_seen, moment)) return claimed;
    // Another process was faster.
  }
  return std::nullopt;
}

std::optional<Claimed> DrawPool::claim_free(ServedMap& served, RandomSource& random,
                                            const DrawMoment& moment, PoolOrder order,
                                            const ItemTable& items) {
  if (order == PoolOrder::kLeastUsed) return claim_least_used(served, random, moment);
  if (auto claimed = probe(served, random, moment, items)) return claimed;
  return search(served, random, moment);
}

std::optional<Claimed> DrawPool::claim_oldest(ServedMap& served, const DrawMoment& moment) {
  while (!ids_.empty()) {
    const auto block =
        static_cast<std::size_t>(std::ranges::min_element(bounds_) - bounds_.begin());
    std::optional<std::size_t> oldest;
    std::uint64_t oldest_seen = ServedMap::kGone;
    for (std::size_t position = block * kBlockSize; position < end_of(block);) {
      const std::uint64_t seen = served.last_served(ids_[position]);
      if (seen == ServedMap::kGone) {
        drop(position);
        oldest.reset();
        oldest_seen = ServedMap::kGone;
        position = block * kBlockSize;
        continue;
      }
      if (!oldest || seen < oldest_seen) {
        oldest = position;
        oldest_seen = seen;
      }
      ++position;
    }
    if (!oldest) continue;  // the block had only items that are gone
    bounds_[block] = oldest_seen;
    if (oldest_seen > *std::ranges::min_element(bounds_)) continue;
    if (auto claimed = try_claim(served, *oldest, oldest_seen, moment)) return claimed;
  }
  return std::nullopt;
}

}  // namespace assay::cache

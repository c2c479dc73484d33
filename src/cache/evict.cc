#include "cache/evict_internal.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

namespace assay::cache {
namespace {

// Others wait for the turn to write no longer than so many removals take: a second or two. In one
// transaction a page of the index that several of them change is written once.
constexpr std::size_t kEvictionBatchSize = 10'000;
// Of random ones, those that came one after the other go together, but only where there are so many
// that this does not show.
constexpr std::size_t kMinRuns = 65'536;
constexpr std::size_t kMaxRun = 16;

}  // namespace

ByteCount size_of(const Item& item) {
  return ByteCount(item.stamp.size_bytes + (item.sidecar ? item.sidecar->size_bytes : 0));
}

Result<EvictionQueue> EvictionQueue::open(Store& store, CacheKind kind, EvictionOrder order,
                                          Kept kept) {
  EvictionQueue queue(store, kind, order, std::move(kept));
  if (order != EvictionOrder::kOldest) RETURN_IF_ERROR(queue.find_candidates());
  return queue;
}

/// Where most items are of this cache, what was served tells the ids of all in a hundredth of the
/// time: those of the others are passed over when their turn comes.
Status EvictionQueue::find_candidates() {
  constexpr std::uint64_t kMaxLooksPerItem = 4;
  if (store_->options().access == Access::kWrite) RETURN_IF_ERROR(store_->refresh_served());
  // Not there where the store only reads.
  const ServedMap* const served = store_->served();
  const bool is_by_use = order_ == EvictionOrder::kLeastUsed;
  const auto add = [&](std::uint64_t id) {
    const bool is_ranked = is_by_use && served != nullptr;
    left_.push_back({.num_served = is_ranked ? served->num_served(id) : 0, .id = id});
  };
  std::uint64_t num_all = 0;
  std::uint64_t num_own = 0;
  for (const ItemFolder folder : kItemFolders) {
    ASSIGN_OR_RETURN(const FolderTotals totals, store_->index().totals(folder));
    num_all += totals.num_items;
    num_own += kind_of(folder) == kind_ ? totals.num_items : 0;
  }
  if (served != nullptr && num_own * kMaxLooksPerItem >= num_all) {
    left_.reserve(num_all);
    ASSIGN_OR_RETURN(const std::uint64_t largest, store_->index().largest_id());
    for (std::uint64_t id = 1; id <= largest && id < kept_.from_id; ++id) {
      if (served->last_served(id) != ServedMap::kGone) add(id);
    }
  } else {
    for (const ItemFolder folder : kItemFolders) {
      if (kind_of(folder) != kind_) continue;
      RETURN_IF_ERROR(store_->index().for_each_id(folder, [&](std::uint64_t id) {
        if (id < kept_.from_id) add(id);
      }));
    }
  }
  if (is_by_use) {
    std::ranges::make_heap(left_, std::greater());
  } else {
    const std::size_t run_length = std::clamp<std::size_t>(left_.size() / kMinRuns, 1, kMaxRun);
    random_order_ = RandomRuns(left_.size(), run_length);
  }
  return {};
}

bool EvictionQueue::is_empty() const {
  return order_ == EvictionOrder::kRandom ? random_order_.is_empty() : left_.empty();
}

std::uint64_t EvictionQueue::take_random() {
  return left_[random_order_.take(store_->tools().random)].id;
}

std::uint64_t EvictionQueue::take_least_used() {
  while (true) {
    std::ranges::pop_heap(left_, std::greater());
    Candidate& last = left_.back();
    const ServedMap* const served = store_->served();
    const std::uint64_t num_served =
        served == nullptr ? last.num_served : served->num_served(last.id);
    if (num_served == last.num_served) break;
    // Served since it was ranked: it goes back to its place.
    last.num_served = num_served;
    std::ranges::push_heap(left_, std::greater());
  }
  const std::uint64_t id = left_.back().id;
  left_.pop_back();
  return id;
}

std::uint64_t* EvictionQueue::spare_of(const Item& item) {
  if (!kept_.spare || !item.label || !is_eligible(item.state, item.label, item.label)) {
    return nullptr;
  }
  return &(*kept_.spare)[*item.label];
}

bool EvictionQueue::may_go(const Item& item) {
  if (item.id >= kept_.from_id || kept_.ids.contains(item.id)) return false;
  const std::uint64_t* const spare = spare_of(item);
  return spare == nullptr || *spare > 0;
}

bool EvictionQueue::lets_go(const Item& item) {
  if (!may_go(item)) return false;
  if (std::uint64_t* const spare = spare_of(item); spare != nullptr) --*spare;
  return true;
}

/// Some of each folder, merged.
Result<std::vector<Item>> EvictionQueue::next_oldest(ByteCount wanted, std::size_t max_count) {
  std::vector<Item> items;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind_) continue;
    ByteCount found;
    std::size_t count = 0;
    RETURN_IF_ERROR(store_->index().for_each_by_age(
        folder, reached_.at(static_cast<std::size_t>(folder)), [&](const Item& item) {
          if (found >= wanted || count >= max_count) return false;
          if (!may_go(item)) return true;
          found += size_of(item);
          ++count;
          items.push_back(item);
          return true;
        }));
  }
  std::ranges::sort(items, {}, [](const Item& item) { return std::tuple(item.added, item.id); });
  std::vector<Item> next;
  ByteCount found;
  for (Item& item : items) {
    if (found >= wanted || next.size() >= max_count) break;
    reached_.at(static_cast<std::size_t>(item.folder)) = {.added = item.added, .id = item.id};
    if (!lets_go(item)) continue;
    found += size_of(item);
    next.push_back(std::move(item));
  }
  return next;
}

Result<std::vector<Item>> EvictionQueue::next(ByteCount wanted, std::size_t max_count) {
  if (order_ == EvictionOrder::kOldest) return next_oldest(wanted, max_count);
  std::vector<Item> items;
  ASSIGN_OR_RETURN(const db::Transaction reading, store_->index().begin_reading());
  for (ByteCount found; !is_empty() && found < wanted && items.size() < max_count;) {
    const std::uint64_t id = order_ == EvictionOrder::kRandom ? take_random() : take_least_used();
    ASSIGN_OR_RETURN(auto item, store_->index().find_id(id));
    if (!item || kind_of(item->folder) != kind_ || !lets_go(*item)) continue;
    found += size_of(*item);
    items.push_back(std::move(*item));
  }
  return items;
}

Result<bool> evict_batch(Store& store, const WriteTurn& turn, EvictionQueue& queue,
                         ByteCount wanted, std::chrono::microseconds in_flight, Evicted& evicted) {
  if (evicted.bytes >= wanted) return false;
  ASSIGN_OR_RETURN(const auto items, queue.next(wanted - evicted.bytes, kEvictionBatchSize));
  if (items.empty()) return false;
  ASSIGN_OR_RETURN(const auto removed, store.remove(turn, items, in_flight));
  evicted.num_in_flight += items.size() - removed.size();
  evicted.num_items += removed.size();
  for (const Item& item : removed) evicted.bytes += size_of(item);
  return true;
}

Result<bool> tell_batch(const Store& store, EvictionQueue& queue, ByteCount wanted,
                        std::chrono::microseconds in_flight, Evicted& evicted) {
  if (evicted.bytes >= wanted) return false;
  ASSIGN_OR_RETURN(const auto items, queue.next(wanted - evicted.bytes, kEvictionBatchSize));
  for (const Item& item : items) {
    if (store.is_in_flight(item, in_flight)) {
      ++evicted.num_in_flight;
      continue;
    }
    ++evicted.num_items;
    evicted.bytes += size_of(item);
  }
  return !items.empty();
}

}  // namespace assay::cache

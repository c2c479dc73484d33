#include "cache/evict_internal.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

namespace assay::cache {
namespace {

// Others wait for the turn to write no longer than so many removals take.
constexpr std::size_t kBatchSize = 500;

}  // namespace

ByteCount size_of(const Item& item) {
  return ByteCount(item.stamp.size_bytes + (item.sidecar ? item.sidecar->size_bytes : 0));
}

Result<EvictionQueue> EvictionQueue::open(Store& store, CacheKind kind, EvictionOrder order,
                                          std::uint64_t first_kept) {
  EvictionQueue queue(store, kind, order, first_kept);
  if (order != EvictionOrder::kOldest) RETURN_IF_ERROR(queue.rank_all());
  return queue;
}

std::uint64_t EvictionQueue::rank_of(std::uint64_t id) const {
  return order_ == EvictionOrder::kRandom ? store_->tools().random.next()
                                          : store_->served()->num_served(id);
}

Status EvictionQueue::rank_all() {
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind_) continue;
    RETURN_IF_ERROR(store_->index().for_each_age(folder, [&](const AgePosition& item) {
      if (item.id >= first_kept_) return;
      heap_.push_back({.rank = rank_of(item.id), .added = item.added, .id = item.id});
    }));
  }
  std::ranges::make_heap(heap_, std::greater());
  return {};
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
          if (item.id >= first_kept_) return true;
          found += size_of(item);
          ++count;
          items.push_back(item);
          return true;
        }));
  }
  std::ranges::sort(items, {}, [](const Item& item) { return std::tuple(item.added, item.id); });
  std::size_t count = 0;
  for (ByteCount found; count < std::min(items.size(), max_count) && found < wanted; ++count) {
    const Item& item = items[count];
    found += size_of(item);
    reached_.at(static_cast<std::size_t>(item.folder)) = {.added = item.added, .id = item.id};
  }
  items.resize(count);
  return items;
}

Result<std::vector<Item>> EvictionQueue::next(ByteCount wanted, std::size_t max_count) {
  if (order_ == EvictionOrder::kOldest) return next_oldest(wanted, max_count);
  std::vector<Item> items;
  for (ByteCount found; !heap_.empty() && found < wanted && items.size() < max_count;) {
    std::ranges::pop_heap(heap_, std::greater());
    Ranked& last = heap_.back();
    // Served since it was ranked: it goes back to its place.
    const std::uint64_t rank = order_ == EvictionOrder::kLeastUsed ? rank_of(last.id) : last.rank;
    if (rank != last.rank) {
      last.rank = rank;
      std::ranges::push_heap(heap_, std::greater());
      continue;
    }
    const std::uint64_t id = last.id;
    heap_.pop_back();
    ASSIGN_OR_RETURN(auto item, store_->index().find_id(id));
    if (!item) continue;
    found += size_of(*item);
    items.push_back(std::move(*item));
  }
  return items;
}

Result<bool> evict_batch(Store& store, const WriteTurn& turn, EvictionQueue& queue,
                         ByteCount wanted, std::chrono::microseconds in_flight, Evicted& evicted) {
  if (evicted.bytes >= wanted) return false;
  ASSIGN_OR_RETURN(const auto items, queue.next(wanted - evicted.bytes, kBatchSize));
  if (items.empty()) return false;
  ASSIGN_OR_RETURN(const auto removed, store.remove(turn, items, in_flight));
  evicted.num_in_flight += items.size() - removed.size();
  evicted.num_items += removed.size();
  for (const Item& item : removed) evicted.bytes += size_of(item);
  return true;
}

Result<bool> tell_batch(EvictionQueue& queue, ByteCount wanted, Evicted& evicted) {
  if (evicted.bytes >= wanted) return false;
  ASSIGN_OR_RETURN(const auto items, queue.next(wanted - evicted.bytes, kBatchSize));
  evicted.num_items += items.size();
  for (const Item& item : items) evicted.bytes += size_of(item);
  return !items.empty();
}

}  // namespace assay::cache

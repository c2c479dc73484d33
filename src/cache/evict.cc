#include "cache/evict_internal.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

// Others wait for the turn to write no longer than so many removals take.
constexpr std::size_t kBatchSize = 500;

ByteCount size_of(const Item& item) {
  return ByteCount(item.stamp.size_bytes + (item.sidecar ? item.sidecar->size_bytes : 0));
}

/// Enough of the oldest of each folder, merged.
Result<std::vector<Item>> oldest_items(Store& store, CacheKind kind, ByteCount wanted) {
  std::vector<Item> items;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind) continue;
    ByteCount found;
    RETURN_IF_ERROR(store.index().for_each_by_age(folder, [&](const Item& item) {
      if (found >= wanted) return false;
      found += size_of(item);
      items.push_back(item);
      return true;
    }));
  }
  std::ranges::sort(items, {}, [](const Item& item) { return std::tuple(item.added, item.id); });
  return items;
}

/// All of them, by how often they were served or by chance.
Result<std::vector<Item>> ranked_items(Store& store, CacheKind kind, EvictionOrder order) {
  std::vector<std::pair<std::uint64_t, Item>> ranked;
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    if (kind_of(item.folder) != kind) return;
    const std::uint64_t rank = order == EvictionOrder::kRandom
                                   ? store.tools().random.next()
                                   : store.served()->num_served(item.id);
    ranked.emplace_back(rank, item);
  }));
  std::ranges::sort(ranked, {}, [](const auto& entry) {
    return std::tuple(entry.first, entry.second.added, entry.second.id);
  });
  std::vector<Item> items;
  items.reserve(ranked.size());
  for (auto& entry : ranked) items.push_back(std::move(entry.second));
  return items;
}

}  // namespace

Status evict(Store& store, const CollectOptions& options, ByteCount wanted, CollectedCache& cache,
             const std::stop_token& stop) {
  if (wanted == ByteCount()) return {};
  // What is in flight stays, and others go in its place: more is asked for than is wanted.
  ASSIGN_OR_RETURN(std::vector<Item> items, options.order == EvictionOrder::kOldest
                                                ? oldest_items(store, cache.kind, wanted + wanted)
                                                : ranked_items(store, cache.kind, options.order));
  std::span<const Item> left(items);
  while (!left.empty() && cache.bytes_evicted < wanted) {
    if (stop.stop_requested()) return cancelled("stopped; what was removed is gone");
    std::size_t count = 0;
    for (ByteCount sum = cache.bytes_evicted;
         count < std::min(kBatchSize, left.size()) && sum < wanted; ++count) {
      sum += size_of(left[count]);
    }
    std::vector<Item> removed(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count));
    if (options.mode == CollectMode::kDo) {
      ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
      ASSIGN_OR_RETURN(removed, store.remove(turn, left.first(count), options.in_flight));
    }
    cache.num_in_flight += count - removed.size();
    cache.num_evicted += removed.size();
    for (const Item& item : removed) cache.bytes_evicted += size_of(item);
    left = left.subspan(count);
  }
  return {};
}

}  // namespace assay::cache

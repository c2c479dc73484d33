/// \file
/// Items leave a cache, in an order, until enough bytes are gone.

#pragma once

#include "cache/budget.h"
#include "cache/random_runs_internal.h"
#include "cache/store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace assay::cache {

/// Who stays, whatever the order says.
struct Kept {
  /// Items with this id or a later one. No id is as large as the default.
  std::uint64_t from_id = ~std::uint64_t{0};
  /// Items with these.
  std::set<std::uint64_t> ids = {};
  /// Of the images that can be served, all but so many of each label; none: no more than others.
  std::optional<std::map<Label, std::uint64_t>> spare = {};
};

/// The next one to go comes first.
/// Cost:   kOldest: of the items that come. The other orders go through the ids of all items once,
///         which takes 0.02 s of a million, then O(log n) an item.
/// Threads: one thread at a time.
/// Errors: as ItemIndex.
class EvictionQueue {
 public:
  /// Lifetime: `store` outlives the queue.
  static Result<EvictionQueue> open(Store& store, CacheKind kind, EvictionOrder order, Kept kept);

  /// As many as hold `wanted` bytes, but no more than `max_count`; none when there are no more.
  Result<std::vector<Item>> next(ByteCount wanted, std::size_t max_count);

 private:
  struct Candidate {
    std::uint64_t num_served;
    std::uint64_t id;
    auto operator<=>(const Candidate&) const = default;
  };

  EvictionQueue(Store& store, CacheKind kind, EvictionOrder order, Kept kept)
      : store_(&store), kind_(kind), order_(order), kept_(std::move(kept)) {}
  /// Errors of all: as the class.
  Status find_candidates();
  bool is_empty() const;
  /// Pre of both: there are some left.
  std::uint64_t take_random();
  std::uint64_t take_least_used();
  /// How many more of its kind may go; null: any number.
  std::uint64_t* spare_of(const Item& item);
  bool may_go(const Item& item);
  /// Whether it may go; then it counts as gone.
  bool lets_go(const Item& item);
  Result<std::vector<Item>> next_oldest(ByteCount wanted, std::size_t max_count);

  Store* store_;
  CacheKind kind_;
  EvictionOrder order_;
  Kept kept_;
  std::vector<Candidate> left_;  // kLeastUsed: a heap, the next one first; kOldest: none
  RandomRuns random_order_;      // of `left_`
  std::array<AgePosition, kItemFolders.size()> reached_;  // of kOldest, by folder
};

struct Evicted {
  std::uint64_t num_items = 0;
  ByteCount bytes = {};
  std::uint64_t num_in_flight = 0;  ///< Would have gone.
};

/// With its sidecar.
ByteCount size_of(const Item& item);

/// Remove one batch from the front of `queue`, at most until `evicted` holds `wanted` bytes.
/// What was served within `in_flight` stays. False: there is nobody left who could go. Errors: as
/// Store.
Result<bool> evict_batch(Store& store, const WriteTurn& turn, EvictionQueue& queue,
                         ByteCount wanted, std::chrono::microseconds in_flight, Evicted& evicted);

/// The same, without removing any. Errors: as Store.
Result<bool> tell_batch(const Store& store, EvictionQueue& queue, ByteCount wanted,
                        std::chrono::microseconds in_flight, Evicted& evicted);

}  // namespace assay::cache

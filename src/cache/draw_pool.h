/// \file
/// Items to draw from, without ever going through all of them.

#pragma once

#include "cache/served_map.h"
#include "core/huge_pages.h"
#include "core/random.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::cache {

/// When an item counts as rested, in microseconds since 1970.
struct DrawMoment {
  std::uint64_t now = 0;
  /// Served at this time or before: free. Later: cooling.
  std::uint64_t free_since = 0;
};

enum class PoolOrder : std::uint8_t {
  kUniform,    ///< Each free item with the same probability.
  kLeastUsed,  ///< The free item that was served least often.
};

struct Claimed {
  std::uint64_t id = 0;
  std::uint64_t num_served = 0;   ///< Before this time.
  std::uint64_t last_served = 0;  ///< Before this time; ServedMap::kNever.
};

/// Where the caller keeps what it reads of an item next, one entry an id: brought into the
/// processor's cache while the item is claimed. Where ids are missing it is another's, and no help.
struct ItemTable {
  std::span<const std::byte> entries = {};
  std::size_t entry_size = 0;
  std::uint64_t first_id = 0;

  void fetch(std::uint64_t id) const {
    const std::size_t offset = (id - first_id) * entry_size;
    if (offset < entries.size()) __builtin_prefetch(&entries[offset]);
  }
};

/// The ids of one kind of item. What was served is in the shared map; the pool remembers, for each
/// block of ids, a time before which none of them was served last, and a number of times that each
/// was served at least. Both only grow, so they stay true whatever other processes do, and a block
/// of cooling or much used items is passed over at one look.
/// Threads: one thread at a time.
/// Cost:    of a claim: some tens of looks at the map while a tenth of the items are free; else,
///          and by kLeastUsed always, two numbers a block, and most often one block.
class DrawPool {
 public:
  /// An id that is not in the pool. Cost: none.
  void add(std::uint64_t id);

  std::size_t size() const { return ids_.size(); }
  std::span<const std::uint64_t> ids() const { return ids_; }

  /// Take a free item; nothing when all are cooling, or there are none. Items that are gone leave
  /// the pool.
  std::optional<Claimed> claim_free(ServedMap& served, RandomSource& random,
                                    const DrawMoment& moment, PoolOrder order,
                                    const ItemTable& items);
  /// Take the item that was served least recently; nothing when there are none.
  std::optional<Claimed> claim_oldest(ServedMap& served, const DrawMoment& moment);

 private:
  static constexpr std::size_t kBlockSize = 512;

  std::optional<Claimed> try_claim(ServedMap& served, std::size_t position, std::uint64_t seen,
                                   const DrawMoment& moment);
  std::optional<Claimed> probe(ServedMap& served, RandomSource& random, const DrawMoment& moment,
                               const ItemTable& items);
  std::optional<Claimed> search(ServedMap& served, RandomSource& random, const DrawMoment& moment);
  std::optional<Claimed> claim_least_used(ServedMap& served, RandomSource& random,
                                          const DrawMoment& moment);
  /// What is best in a block, how long nothing in it was served, and how often each was at least.
  struct BlockView {
    std::optional<std::size_t> best;
    std::uint64_t best_seen = 0;
    std::uint64_t best_count = 0;
    std::uint64_t oldest = ServedMap::kGone;
    std::uint64_t least_count = ~std::uint64_t{0};
  };
  BlockView look_at(ServedMap& served, RandomSource& random, std::size_t block,
                    const DrawMoment& moment, PoolOrder order);
  void drop(std::size_t position);
  std::size_t end_of(std::size_t block) const;

  std::vector<std::uint64_t, HugePageAllocator<std::uint64_t>> ids_;
  std::vector<std::uint64_t> bounds_;   // by block: nothing in it was served before
  std::vector<std::uint64_t> counts_;   // by block: each in it was served so often at least
  std::vector<std::uint64_t> visited_;  // by block: the number of the draw that looked at it
  std::uint64_t draw_number_ = 0;
};

}  // namespace assay::cache

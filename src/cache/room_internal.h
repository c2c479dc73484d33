/// \file
/// How much has to go before something comes.

#pragma once

#include "cache/budget.h"
#include "cache/collect.h"
#include "cache/evict_internal.h"
#include "cache/store.h"

#include <array>
#include <optional>
#include <string>

namespace assay::cache {

using BytesByCache = std::array<ByteCount, kCacheKinds.size()>;

/// What lies below the cache's folder.
struct Usage {
  BytesByCache caches = {};  ///< The items, with sidecars: what evictions can free.
  /// What other programs keep in the `sources` folder of each. It counts, and stays.
  std::array<ByteCount, kItemFolders.size()> sources = {};
  ByteCount tables = {};
  ByteCount others = {};  ///< The quarantine, the index, what processes share.

  ByteCount sources_of(CacheKind kind) const;
  /// Of everything, what stays whichever items go.
  ByteCount fixed() const;
  ByteCount total() const;
};

/// `kTotal` costs a look at every kept table and every file of the quarantine.
enum class UsageScope : std::uint8_t { kCaches, kTotal };

/// Errors: as FileSystem and ItemIndex.
Result<Usage> measure_usage(Store& store, UsageScope scope);

/// What has to go of each cache so that it holds to its own budget and all hold to that of all,
/// once `coming` has come; `coming` may be nothing. Of what is over the budget of all, each gives
/// in proportion to what it holds. Nothing goes for a budget that would not hold without any item
/// either.
BytesByCache plan_evictions(const Usage& usage, const Budget& budget, const BytesByCache& coming);

/// How many bytes of kept tables have to go, before items, for the budget of all.
ByteCount plan_tables(const Usage& usage, const Budget& budget, const BytesByCache& coming);

/// Why a budget does not hold though every item went, `needed` having come, and what helps: that of
/// the cache `kind`, or of all. Nothing where it can hold.
std::optional<std::string> unmet_budget(const Store& store, const Usage& usage,
                                        const Budget& budget, std::optional<CacheKind> kind,
                                        ByteCount needed);

/// Share `bytes` out among the caches, in proportion to what each holds beyond `wanted`, and add it
/// there. Returns what nobody could give.
ByteCount share_out(const Usage& usage, ByteCount bytes, BytesByCache& wanted);

/// Who comes.
struct RoomRequest {
  CacheKind kind = CacheKind::kReal;
  ByteCount needed = {};
  RoomRules rules = {};
  std::uint64_t first_kept = 0;  ///< Items with this id or a later one stay.
  CollectMode mode = CollectMode::kDo;
};

/// Make room in a cache, or with kTell find out whether there would be. Kept tables go before items
/// for the budget of all, unless an update may read them. Where even all items would not be enough,
/// none goes. A disk that is too full by no more than what comes is helped too; one that others
/// have filled is not emptied for them.
/// Errors: as Store; kExhausted when those who must stay leave too little room.
Result<Evicted> make_room(Store& store, const WriteTurn& turn, const RoomRequest& request);

}  // namespace assay::cache

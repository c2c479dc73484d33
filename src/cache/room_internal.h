/// \file
/// How much has to go before something comes.

#pragma once

#include "cache/budget.h"
#include "cache/evict_internal.h"
#include "cache/store.h"

#include <array>

namespace assay::cache {

/// What lies below the cache's folder.
struct Usage {
  std::array<ByteCount, kCacheKinds.size()> caches = {};  ///< With sidecars and `sources`.
  ByteCount tables = {};
  ByteCount others = {};  ///< The quarantine, the index, what processes share.

  ByteCount total() const;
};

/// `kTotal` costs a look at every kept table and every file of the quarantine.
enum class UsageScope : std::uint8_t { kCaches, kTotal };

/// Errors: as FileSystem and ItemIndex.
Result<Usage> measure_usage(Store& store, UsageScope scope);

using BytesByCache = std::array<ByteCount, kCacheKinds.size()>;

/// What has to go of each cache so that it holds to its own budget and all hold to that of all,
/// once `coming` has come; `coming` may be nothing. Of what is over the budget of all, each gives
/// in proportion to what it holds.
BytesByCache plan_evictions(const Usage& usage, const Budget& budget, const BytesByCache& coming);

/// Share `bytes` out among the caches, in proportion to what each holds beyond `wanted`, and add it
/// there. Returns what nobody could give.
ByteCount share_out(const Usage& usage, ByteCount bytes, BytesByCache& wanted);

/// Make room for `needed` in the cache `kind`; items from `first_kept` on stay. A disk that is
/// short of `min_free` by no more than `needed` is helped too; one that others have filled is not
/// emptied for them.
/// Errors: as Store; kExhausted when those who must stay leave too little room.
Result<Evicted> make_room(Store& store, const WriteTurn& turn, CacheKind kind, ByteCount needed,
                          ByteCount min_free, std::uint64_t first_kept);

}  // namespace assay::cache

/// \file
/// What nobody needs leaves the cache: leftovers, broken images, and the items beyond its budget.

#pragma once

#include "cache/store.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::cache {

enum class EvictionOrder : std::uint8_t {
  kOldest,     ///< Those that came first.
  kLeastUsed,  ///< Those served least often, of them the oldest.
  kRandom,
};

/// `oldest`, `least-used` or `random`.
std::string_view to_string(EvictionOrder order);
/// Errors: kInvalidInput, which names the three.
Result<EvictionOrder> parse_eviction_order(std::string_view text);

enum class CollectMode : std::uint8_t { kDo, kTell };

struct CollectOptions {
  CollectMode mode = CollectMode::kDo;
  /// Of each cache, with its sidecars and what other programs keep in its `sources` folder. Above
  /// it items are removed until `low_share` of it is left.
  ByteCount max_cache_bytes{10'000'000'000};
  /// Of all caches together; none: no bound.
  std::optional<ByteCount> max_total_bytes = {};
  double low_share = 0.9;
  /// Of the disk: items are removed until so much is free.
  ByteCount min_free_bytes = {};
  EvictionOrder order = EvictionOrder::kOldest;
  /// Items served within this time may still be on their way: they stay.
  std::chrono::microseconds in_flight = std::chrono::minutes(15);
  /// Younger leftovers may belong to a program that still writes.
  std::chrono::microseconds min_leftover_age = std::chrono::hours(1);
};

struct CollectedCache {
  CacheKind kind = CacheKind::kReal;
  ByteCount before = {};
  std::uint64_t num_evicted = 0;
  ByteCount bytes_evicted = {};
  std::uint64_t num_in_flight = 0;  ///< Would have been removed.
};

struct CollectReport {
  std::array<CollectedCache, kCacheKinds.size()> caches = {};
  std::uint64_t num_quarantined = 0;
  std::uint64_t num_orphan_sidecars = 0;
  std::uint64_t num_temporaries = 0;
};

/// Move broken images to the quarantine, remove sidecars without an image and files that killed
/// programs left, then remove items down to the budgets. With kTell nothing is changed.
///
/// Pre:    the index is up to date.
/// Cost:   kOldest: of the items that go; the other orders go through the index once.
/// Errors: as Store; kCancelled.
Result<CollectReport> collect(Store& store, const CollectOptions& options,
                              const std::stop_token& stop = {});

std::string collect_text(const CollectReport& report, CollectMode mode);
std::string collect_json(const CollectReport& report, CollectMode mode);

}  // namespace assay::cache

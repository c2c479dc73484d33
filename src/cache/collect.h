/// \file
/// What nobody needs leaves the cache: leftovers, broken images, and the items beyond its budget.

#pragma once

#include "cache/budget.h"
#include "cache/quarantine.h"
#include "cache/store.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::cache {

enum class CollectMode : std::uint8_t { kDo, kTell };

struct CollectOptions {
  CollectMode mode = CollectMode::kDo;
  Budget budget = {};
  /// Of the disk: items are removed until so much is free.
  ByteCount min_free_bytes = {};
  /// Of tables that updates keep: the oldest go beyond it, and before images where all are over
  /// their budget or the disk is short: they can be fetched again.
  ByteCount max_tables_bytes{100'000'000'000};
  /// Younger leftovers may belong to a program that still writes.
  std::chrono::microseconds min_leftover_age = std::chrono::hours(1);
  /// A table that came in part goes on where it stopped, unless it is so old.
  std::chrono::microseconds min_partial_age = std::chrono::days(7);
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
  /// Broken images that stay where they are: the quarantine may not hold them beside those moved.
  std::uint64_t num_broken_left = 0;
  std::uint64_t num_orphan_sidecars = 0;
  std::uint64_t num_temporaries = 0;
  QuarantineTotals quarantine = {};       ///< Before.
  QuarantineTotals from_quarantine = {};  ///< What was removed of it.
  ByteCount table_bytes = {};             ///< Before.
  ByteCount other_bytes = {};             ///< The quarantine, the index, what processes share.
  std::uint64_t num_tables = 0;           ///< That were removed.
  ByteCount bytes_of_tables = {};         ///< Of those removed.
  bool is_updating = false;               ///< Tables stay while a process updates.
  /// Of `min_free_bytes`, though all images went: then none goes for it.
  ByteCount missing_bytes = {};
  /// Why no image goes for a budget that would not hold without any image either; in words.
  std::vector<std::string> unmet_budgets = {};
};

/// Move broken images to the quarantine, remove sidecars without an image and files that killed
/// programs left, then remove what was in quarantine, tables and items down to the budgets. With
/// kTell nothing is changed.
///
/// Pre:    the index is up to date.
/// Cost:   kOldest: of the items that go; the other orders go through the index once.
/// Errors: as Store; kCancelled.
Result<CollectReport> collect(Store& store, const CollectOptions& options,
                              const std::stop_token& stop = {});

std::string collect_text(const CollectReport& report, CollectMode mode);
std::string collect_json(const CollectReport& report, CollectMode mode);

}  // namespace assay::cache

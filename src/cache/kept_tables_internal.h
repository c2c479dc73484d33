/// \file
/// Tables that updates keep for the next round.

#pragma once

#include "cache/collect.h"
#include "cache/store.h"

#include <chrono>
#include <cstdint>

namespace assay::cache {

struct TablesToRemove {
  CollectMode mode = CollectMode::kDo;
  ByteCount wanted = {};
  /// Parts that are older go anyway.
  std::chrono::microseconds min_partial_age = CollectOptions().min_partial_age;
};

struct RemovedTables {
  std::uint64_t num_tables = 0;
  ByteCount bytes = {};
  bool is_updating = false;  ///< All stay while a process updates.
};

/// Remove tables, the oldest first, until `wanted` bytes of them are gone, and parts that are too
/// old to go on. With kTell nothing is removed.
/// Errors: as FileSystem.
Result<RemovedTables> remove_tables(Store& store, const TablesToRemove& what);

}  // namespace assay::cache

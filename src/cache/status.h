/// \file
/// How full the cache is, by cache, label and source.

#pragma once

#include "cache/store.h"
#include "cache/update_state.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace assay::cache {

struct CacheStatus {
  CacheKind kind = CacheKind::kReal;
  std::uint64_t num_items = 0;
  ByteCount bytes = {};  ///< Images and sidecars.
  std::array<std::uint64_t, kNumItemStates> by_state = {};
  std::uint64_t num_roadwork = 0;  ///< Ready to be served, as the next.
  std::uint64_t num_none = 0;
  /// By its name; of those ready.
  std::map<std::string, std::uint64_t> sources = {};
  std::optional<Timestamp> oldest = {};
  std::optional<Timestamp> newest = {};
  /// Served since midnight in UTC: items, and how often all of them ever.
  std::uint64_t num_served_today = 0;
  std::uint64_t num_draws = 0;
  /// Ready, but of a format that the validator does not look at.
  std::uint64_t num_unseen_by_others = 0;

  std::uint64_t count(ItemState state) const { return by_state[static_cast<std::size_t>(state)]; }
};

struct StatusReport {
  std::string root = {};
  std::array<CacheStatus, kCacheKinds.size()> caches = {};
  QuarantineTotals quarantine = {};
  ByteCount free_bytes = {};
  /// Where updates come from, without what they know of single tables.
  std::vector<UpdateSource> updates = {};
};

/// Count what the index holds. Cost: reads the index once.
/// Errors: as Store.
Result<StatusReport> read_status(Store& store);

std::string status_text(const StatusReport& report);
std::string status_json(const StatusReport& report);

}  // namespace assay::cache

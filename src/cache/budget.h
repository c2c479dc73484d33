/// \file
/// How large caches may grow, and who goes when they do.

#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::cache {

enum class EvictionOrder : std::uint8_t {
  kOldest,     ///< Those that came first.
  kLeastUsed,  ///< Those served least often, of them those that the index knows longest.
  kRandom,     ///< Each as likely as any other; of more than 131,072, up to 16 neighbours together.
};

/// `oldest`, `least-used` or `random`.
std::string_view to_string(EvictionOrder order);
/// Errors: kInvalidInput, which names the three.
Result<EvictionOrder> parse_eviction_order(std::string_view text);

struct Budget {
  /// Of each cache, with its sidecars and what other programs keep in its `sources` folder. What
  /// would go beyond it makes room first: items are removed until they fill `low_share` of what the
  /// other files leave of it. None goes where these alone are beyond it.
  ByteCount max_cache_bytes{10'000'000'000};
  /// Of everything below the cache's folder: all caches, kept tables, the quarantine, the index.
  /// None: no bound.
  std::optional<ByteCount> max_total_bytes = {};
  /// Of the quarantine, with reasons and sidecars: the oldest go beyond it. With 0 nothing is put
  /// there. None: no bound.
  std::optional<ByteCount> max_quarantine_bytes = ByteCount(1'000'000'000);
  double low_share = 0.9;
  EvictionOrder order = EvictionOrder::kOldest;
  /// Items served within this time may still be on their way: they stay.
  std::chrono::microseconds in_flight = std::chrono::minutes(15);
};

/// The part of `bytes`. Pre: `share` is in [0, 1].
ByteCount share_of(ByteCount bytes, double share);

}  // namespace assay::cache

/// \file
/// Times that serve as nonces: each once.

#pragma once

#include "protocol/scheme.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace assay::protocol {

/// A clock that goes back by more than this was set right; by less, it runs unevenly.
inline constexpr std::int64_t kMaxLeadNs = 1'000'000'000;

/// `now` in nanoseconds, or the next one that `last` has not given yet. Not so after a clock that
/// ran ahead was set back: whoever held on to its times would be refused until they have come.
inline std::int64_t next_nonce(std::atomic<std::int64_t>& last, Instant now) {
  const std::int64_t time = now.time_since_epoch().count();
  std::int64_t seen = last.load();
  std::int64_t nonce = 0;
  do {
    nonce = seen - time > kMaxLeadNs ? time : std::max(time, seen + 1);
  } while (!last.compare_exchange_weak(seen, nonce));
  return nonce;
}

}  // namespace assay::protocol

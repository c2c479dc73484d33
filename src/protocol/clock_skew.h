/// \file
/// Whether our clock or that of the others is off.

#pragma once

#include "protocol/scheme.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace assay::protocol {

struct ClockSkewReport {
  std::size_t num_senders = 0;
  /// The middle one of the senders' last request ages: a trip through the network when all is well,
  /// negative when our clock is behind.
  std::chrono::nanoseconds median_age{};
  /// Requests refused for their time since the start.
  std::uint64_t num_stale = 0;
  std::uint64_t num_future = 0;
};

/// Collects the ages of requests, one a sender, so that a busy one does not speak for all.
/// Threads: all calls are safe from any thread.
class ClockSkew {
 public:
  /// Ages count of authentic requests only: others say what they like.
  void add(const Verdict& verdict);
  ClockSkewReport report() const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<keys::Hotkey, std::chrono::nanoseconds> ages_;
  std::uint64_t num_stale_ = 0;
  std::uint64_t num_future_ = 0;
};

/// One line for a log when something is to be done; empty when the clocks agree within `tolerance`.
std::string describe(const ClockSkewReport& report,
                     std::chrono::nanoseconds tolerance = std::chrono::seconds(2));

}  // namespace assay::protocol

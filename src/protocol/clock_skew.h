/// \file
/// Whether our clock or that of the others is off.

#pragma once

#include "protocol/scheme.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
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
  /// Of these, how many came since the last authentic one: when our clock is far off, nobody's
  /// request is authentic any more.
  std::uint64_t num_refused_in_a_row = 0;
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
  std::uint64_t num_refused_in_a_row_ = 0;
};

/// One line for a log when something is to be done; empty when the clocks agree within `tolerance`.
std::string describe(const ClockSkewReport& report,
                     std::chrono::nanoseconds tolerance = std::chrono::seconds(2));

/// Says when there is something to log of a report that is looked at again and again: at once, and
/// then rarely, however long it lasts. Threads: one at a time.
class ClockWarning {
 public:
  /// What describe() says, when it is time to tell it; else empty.
  std::string due(const ClockSkewReport& report, std::chrono::nanoseconds now);

 private:
  std::optional<std::chrono::nanoseconds> told_;
};

}  // namespace assay::protocol

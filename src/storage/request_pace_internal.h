/// \file
/// How fast requests may go: the user's limit, what the service allows, and what it complains
/// about.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace assay::storage {

struct PaceOptions {
  std::size_t max_in_flight = 256;
  /// Nothing: as fast as the answers come.
  std::optional<double> requests_per_second = std::nullopt;
  /// Begin at `ramp_start` a second and at most double it each `ramp_doubling`. Nothing: no ramp.
  std::optional<double> ramp_start = std::nullopt;
  std::chrono::nanoseconds ramp_doubling = std::chrono::minutes(20);
};

/// Decides when the next request may start. Times are of one steady clock, beginning anywhere.
/// Threads: one thread at a time.
class RequestPace {
 public:
  using Time = std::chrono::nanoseconds;

  RequestPace(const PaceOptions& options, Time now);

  /// When the next request may start: not later than `now` means now. It says nothing about
  /// window().
  Time next_start(Time now);
  void started();

  /// How many requests may be under way. It halves when the service throttles, and grows again by
  /// one for each window of good answers.
  std::size_t window() const { return static_cast<std::size_t>(window_); }
  void answered_well();
  /// The service said 429 or 503, and perhaps how long to wait.
  void answered_throttled(Time now, std::optional<Time> retry_after);

 private:
  double allowed_rate(Time now) const;  // requests a second; infinite without a limit

  PaceOptions options_;
  Time start_;
  // A token bucket: `budget_` requests may start, refilled at the allowed rate.
  double budget_ = 0;
  Time refilled_;
  double window_;
  // One request that fails forever is its own problem; many at once are the service's.
  std::size_t recent_answers_ = 0;
  std::size_t recent_throttled_ = 0;
  Time last_cut_;
  Time paused_until_;
};

}  // namespace assay::storage

/// \file
/// Notices when a thread of this process has stopped to go on, and has it end: a process that only
/// looks alive helps nobody.

#pragma once

#include "core/clock.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace assay::validator {

/// A worker's sign of life. Threads: all calls are safe from any thread.
class Heart {
 public:
  Heart(std::string name, const Clock& clock)
      : name_(std::move(name)), clock_(&clock), last_beat_(clock.monotonic().count()) {}

  void beat() { last_beat_ = clock_->monotonic().count(); }
  /// The worker has ended as it should.
  void rest() { is_resting_ = true; }

  const std::string& name() const { return name_; }
  /// How long ago it beat; 0 once it rests.
  std::chrono::nanoseconds silence() const {
    return is_resting_ ? std::chrono::nanoseconds(0)
                       : clock_->monotonic() - std::chrono::nanoseconds(last_beat_.load());
  }

 private:
  std::string name_;
  const Clock* clock_;
  std::atomic<std::int64_t> last_beat_;
  std::atomic<bool> is_resting_ = false;
};

class Watchdog {
 public:
  /// Called on the watchdog's own thread, once, with what is stuck and for how long. It is meant to
  /// end the process: a stuck thread cannot be waited for.
  using OnStuck = std::function<void(std::string_view reason)>;

  Watchdog(std::chrono::milliseconds limit, const Clock& clock, OnStuck on_stuck);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Lifetime: of the watchdog.
  Heart& watch(std::string name);

 private:
  void run(const std::stop_token& stop);

  std::chrono::milliseconds limit_;
  const Clock* clock_;
  OnStuck on_stuck_;
  std::mutex mutex_;  // guards hearts_
  std::condition_variable_any wake_;
  std::list<Heart> hearts_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace assay::validator

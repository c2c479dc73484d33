/// \file
/// How a thread shows that it goes on, for who watches it: one that only looks alive helps nobody.

#pragma once

#include "core/clock.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace assay {

/// Of a thread, or of several that do the same. Threads: all calls are safe from any.
class LifeSign {
 public:
  /// Lifetime: `clock` outlives it.
  explicit LifeSign(const Clock& clock) : clock_(&clock), last_(clock.monotonic().count()) {}

  /// It goes on.
  void give() { last_ = clock_->monotonic().count(); }
  /// From now on it works on so many things more, or fewer; without work it owes no sign.
  void add_work(int number) {
    // In this order: work that begins never counts from a sign of long ago.
    give();
    num_works_ += number;
  }
  /// How long ago it went on; 0 without work.
  std::chrono::nanoseconds silence() const {
    return num_works_ == 0 ? std::chrono::nanoseconds(0)
                           : clock_->monotonic() - std::chrono::nanoseconds(last_.load());
  }

 private:
  const Clock* clock_;
  std::atomic<std::int64_t> last_;
  std::atomic<int> num_works_ = 0;
};

/// A sign of life as it is judged.
struct WatchedSilence {
  std::string_view name;
  std::chrono::nanoseconds silence;
  std::chrono::nanoseconds limit;
};

/// The first that is silent beyond its limit, as `NAME has not gone on for 2m`; empty: none.
std::string describe_stuck(std::initializer_list<WatchedSilence> watched);

}  // namespace assay

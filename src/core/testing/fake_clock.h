/// \file
/// A clock that stands still until a test moves it.

#pragma once

#include "core/clock.h"

#include <atomic>

namespace assay::testing {

/// Threads: all calls are safe from any thread.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start = Timestamp(std::chrono::seconds(1'761'523'200)))
      : microseconds_(start.time_since_epoch().count()) {}

  Timestamp now() const override {
    return Timestamp(std::chrono::microseconds(microseconds_.load()));
  }
  std::chrono::nanoseconds monotonic() const override {
    return std::chrono::microseconds(microseconds_.load());
  }

  void advance(std::chrono::microseconds by) { microseconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> microseconds_;
};

}  // namespace assay::testing

/// \file
/// The seam to time: desks take a Clock and never ask the system themselves.

#pragma once

#include "core/timestamp.h"

#include <chrono>

namespace assay {

/// Where time comes from.
/// Threads: all calls are safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  virtual Timestamp now() const = 0;
  /// Time since an arbitrary start; never goes backwards.
  virtual std::chrono::nanoseconds monotonic() const = 0;
};

/// The machine's clock.
Clock& system_clock();

}  // namespace assay

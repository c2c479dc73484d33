/// \file
/// SIGINT and SIGTERM as a request to stop.

#pragma once

#include "core/result.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

namespace assay::process {

/// While it lives, the first SIGINT or SIGTERM asks token() to stop; the second ends the process at
/// once with exit code 130. SIGPIPE is ignored, so that a closed pipe is an error of the write. A
/// SIGINT that was ignored when the process started stays ignored, as shells expect of background
/// jobs. The destructor restores what was before.
/// Pre: one at a time in a process; made before other threads are, for it belongs to all of them.
/// Threads: all calls are safe from any thread.
class StopSignals {
 public:
  /// Errors: kInternal (the system gave no descriptor or thread).
  static Result<std::unique_ptr<StopSignals>> install();

  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  std::stop_token token() const { return stop_.get_token(); }
  /// The signal that asked to stop, if one did.
  std::optional<int> received() const;

 private:
  struct SavedHandlers;
  StopSignals();

  std::stop_source stop_;
  std::unique_ptr<SavedHandlers> saved_;
  std::jthread waiter_;
};

}  // namespace assay::process

/// \file
/// SIGHUP as a request to read settings anew.

#pragma once

#include "core/result.h"

#include <memory>

namespace assay::process {

/// While it lives, SIGHUP ends nothing and is counted. A SIGHUP that was ignored when the process
/// started (nohup) stays ignored. The destructor restores what was before.
/// Pre: one at a time in a process. Threads: taken() one thread at a time.
class ReloadSignal {
 public:
  /// Errors: kInternal (the system refused).
  static Result<std::unique_ptr<ReloadSignal>> install();

  ReloadSignal(const ReloadSignal&) = delete;
  ReloadSignal& operator=(const ReloadSignal&) = delete;
  ~ReloadSignal();

  /// Whether it came since the last call; several count once.
  bool take();

 private:
  struct Saved;
  explicit ReloadSignal(std::unique_ptr<Saved> saved);

  std::unique_ptr<Saved> saved_;
};

}  // namespace assay::process

/// \file
/// Waiting for a descriptor.

#pragma once

#include "core/result.h"
#include "process/descriptor.h"

#include <cerrno>

namespace assay::process {

/// The result of a system call that no signal cut short.
template <typename Call>
auto uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

/// Return once `descriptor` (-1: none) has one of `events`, those of poll().
/// Errors: kTimeout, kCancelled, kUnavailable (no descriptor left).
Status wait_for(int descriptor, short events, const LocalWait& wait);

}  // namespace assay::process

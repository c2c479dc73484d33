/// \file
/// A chain sidecar as a child process, up to its greeting.

#pragma once

#include "chain/sidecar_network.h"
#include "core/result.h"
#include "json/value.h"
#include "process/child_process.h"

#include <chrono>
#include <stop_token>

namespace assay::chain {

/// What is run; it sees no variable of our environment but those of certificates.
process::ChildOptions sidecar_child(const SidecarOptions& options);

/// The event `ready` of a sidecar that was just started.
/// Errors: kMissing (it says that it cannot work, or ends), kCorrupt (it says something else),
///         kTimeout, kCancelled.
Result<json::Value> await_greeting(process::ChildProcess& child, std::chrono::milliseconds deadline,
                                   const std::stop_token& stop);

}  // namespace assay::chain

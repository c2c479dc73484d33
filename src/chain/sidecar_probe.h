/// \file
/// Whether a Python has an SDK that the chain sidecar can work with.

#pragma once

#include "core/result.h"

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>

namespace assay::chain {

struct SidecarProbe {
  /// The version of the package bittensor.
  std::string sdk = {};
};

/// Start the sidecar with this Python, without a hotkey, until it has greeted; no node is asked.
/// Errors: kMissing (it cannot be started, the package cannot be loaded, or it is not of the
///         version that we know), kCorrupt (it says something else), kTimeout, kCancelled.
Result<SidecarProbe> probe_sidecar(const std::filesystem::path& python,
                                   std::chrono::milliseconds deadline, const std::stop_token& stop);

}  // namespace assay::chain

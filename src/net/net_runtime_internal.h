/// \file
/// Starts the HTTP library on first use.

#pragma once

namespace assay::net {

/// Threads: safe from any thread.
void start_runtime();

}  // namespace assay::net

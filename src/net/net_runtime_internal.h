/// \file
/// Starts the HTTP library on first use.

#pragma once

#include "core/result.h"

namespace assay::net {

/// Load and start it, once. Threads: safe from any thread.
/// Errors: kMissing (the library is not there).
Status start_runtime();

}  // namespace assay::net

/// \file
/// Change how much is logged while the process runs.

#pragma once

#include "core/log.h"

namespace assay {

/// Threads: safe from any thread, while others log.
void set_log_level(LogLevel level);

}  // namespace assay

/// \file
/// Figures of the caches, served while a command goes on.

#pragma once

#include "cli/cache_options_internal.h"
#include "cli/metrics_options_internal.h"

#include <memory>

namespace assay::cli {

/// Null when no port was given. Lifetime: flag and session outlive the server.
/// Errors: as metrics::MetricServer::start().
Result<std::unique_ptr<metrics::MetricServer>> serve_cache_metrics(const MetricsFlags& flags,
                                                                   const CacheFolderFlag& folder,
                                                                   Session& session);

}  // namespace assay::cli

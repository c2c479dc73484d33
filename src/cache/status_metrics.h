/// \file
/// How full the caches are, as figures for Prometheus: docs/guides/cache.md lists them.

#pragma once

#include "cache/status.h"
#include "core/timestamp.h"

#include <string>

namespace assay::cache {

std::string metrics_of(const StatusReport& report, Timestamp now);

}  // namespace assay::cache

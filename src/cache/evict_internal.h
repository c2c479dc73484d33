/// \file
/// Which items go, and their going.

#pragma once

#include "cache/collect.h"

namespace assay::cache {

/// Remove items of `cache.kind` in the order of the options, until `wanted` bytes are gone or no
/// items are left; those in flight stay.
/// Errors: as collect().
Status evict(Store& store, const CollectOptions& options, ByteCount wanted, CollectedCache& cache,
             const std::stop_token& stop);

}  // namespace assay::cache

/// \file
/// Why nothing could be generated the last time, for who looks at the cache later.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <optional>
#include <string>

namespace assay::cache {

struct GenerateFailure {
  Timestamp at = {};
  std::string message = {};
};

/// Keep the failure, or forget the one before where there is none. Errors: as FileSystem.
Status note_generate_failure(files::FileSystem& file_system, const CacheLayout& layout,
                             const std::optional<GenerateFailure>& failure);

/// Nothing where the last run failed at nothing, or what was noted cannot be read.
std::optional<GenerateFailure> read_generate_failure(files::FileSystem& file_system,
                                                     const CacheLayout& layout);

}  // namespace assay::cache

/// \file
/// What is said where there is no history to read.

#pragma once

#include "core/error.h"
#include "files/file_system.h"

#include <filesystem>

namespace assay::record_reading {

/// That `folder` is none, or holds no file of records, and what was expected: kNotFound.
Error no_history(files::FileSystem& file_system, const std::filesystem::path& folder);

}  // namespace assay::record_reading

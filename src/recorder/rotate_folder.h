/// \file
/// Rotates a data folder, whether a recorder runs in it or not.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "rotation/rotate.h"

#include <filesystem>
#include <stop_token>

namespace assay::recorder {

/// Rotate `folder` as rotation::rotate() does, or, when a recorder holds its lock, by asking the
/// recorder to do it, over the socket where it takes the calls of other processes. What a killed
/// recorder left in the journal goes to the files before.
/// Errors: as rotation::rotate() and complete_folder(), and kUnavailable (another command has the
/// folder, or a recorder
///         that takes no calls), kInvalidInput (the recorder is of a version that cannot).
Result<rotation::RotateReport> rotate_folder(files::FileSystem& file_system,
                                             const std::filesystem::path& folder, Clock& clock,
                                             const rotation::RotateOptions& options,
                                             const std::stop_token& stop);

}  // namespace assay::recorder

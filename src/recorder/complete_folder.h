/// \file
/// Completes the files of a data folder whose recorder was killed.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"

#include <filesystem>

namespace assay::recorder {

/// Where the journal of `folder` holds events that no checkpoint covers, and no process has the
/// folder, open it once as a recorder does: its files then hold them. PLY bytes go on waiting.
/// Errors: those of Recorder::open() and close(), and of derivation::count_waiting_events().
Status complete_folder(files::FileSystem& file_system, const std::filesystem::path& folder,
                       Clock& clock);

}  // namespace assay::recorder

/// \file
/// The files that a reading of a history opens.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "records/history_reader.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace assay::records {

/// The files under `folder` that may hold records of `since` or later, in the order of reading.
/// Errors: kNotFound (no such folder, or no history in it), those of find_history_files().
Result<std::vector<HistoryFile>> files_to_read(files::FileSystem& file_system,
                                               const std::filesystem::path& folder,
                                               const std::optional<Timestamp>& since);

}  // namespace assay::records

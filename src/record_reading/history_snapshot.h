/// \file
/// The files of a history, all open at once, so that a rotation beside the reader takes nothing
/// away.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "record_reading/history_reader.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace assay::record_reading {

struct OpenHistoryFile {
  HistoryFile file;
  std::shared_ptr<const files::File> opened;
  ByteCount size;  ///< When it was opened; what comes later is not of this snapshot.
};

/// What has a name of a file of records, whether it is one or not, in the order of readers.
/// Errors: as find_history_files().
Result<std::vector<HistoryFile>> list_history_files(files::FileSystem& file_system,
                                                    const std::filesystem::path& folder);

struct HistorySnapshot {
  bool has_files = false;              ///< Whether there is any, also one that need not be opened.
  std::vector<OpenHistoryFile> files;  ///< Order: that of find_history_files().
};

/// Open the files of `folder` that may hold records of `since` or later: every line that was in the
/// history before the call is in one of them, also while a rotation goes on.
/// Errors: as find_history_files().
Result<HistorySnapshot> open_history(files::FileSystem& file_system,
                                     const std::filesystem::path& folder,
                                     const std::optional<Timestamp>& since);

}  // namespace assay::record_reading

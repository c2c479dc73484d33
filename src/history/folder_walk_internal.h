/// \file
/// All files below a data folder that are worth keeping.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::history {

struct FolderFile {
  std::string path;  ///< Relative to the folder.
  ByteCount size;
  Timestamp modified;
  files::FileInfo::Identity identity;
};

/// Whether a file, by its path in the folder, is none: `*.tmp`, a temporary of atomic writes,
/// journal/lock.
bool is_left_out(const std::filesystem::path& path);

/// The files below `folder`, but those left out, pipes and sockets. Order: by path. Errors:
/// kNotFound, kDenied, kUnavailable, kCancelled, kExhausted (folders nested too deep: a link in a
/// circle).
Result<std::vector<FolderFile>> walk_folder(files::FileSystem& file_system,
                                            const std::filesystem::path& folder,
                                            const std::stop_token& stop);

}  // namespace assay::history

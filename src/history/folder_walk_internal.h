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

/// The files below `folder`. Left out: `*.tmp`, temporaries of atomic writes, journal/lock, pipes
/// and sockets. Order: by path. Errors: kNotFound, kDenied, kUnavailable, kCancelled, kExhausted
/// (folders nested too deep: a link in a circle).
Result<std::vector<FolderFile>> walk_folder(files::FileSystem& file_system,
                                            const std::filesystem::path& folder,
                                            const std::stop_token& stop);

}  // namespace assay::history

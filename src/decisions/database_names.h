/// \file
/// Which files of a folder are databases of decisions.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace assay::decisions {

/// Of names that end in `_temp.db`: predictions that wait to be merged.
enum class TemporaryDatabases : std::uint8_t { kIncluded, kLeftOut };

/// `*.db` of a folder, without hidden ones, backups and folders; or `path` itself when it is no
/// folder. Order: by name.
/// Errors: as FileSystem; kNotFound (nothing at `path`, or no database in it).
Result<std::vector<std::filesystem::path>> find_databases(files::FileSystem& file_system,
                                                          const std::filesystem::path& path,
                                                          TemporaryDatabases temporary);

/// Fail in words when a database stands at `output`, which a command is about to replace: it may
/// hold what people decided. No output: none. Errors: as FileSystem; kInvalidInput.
Status refuse_database(files::FileSystem& file_system, const std::filesystem::path& output);

}  // namespace assay::decisions

/// \file
/// A copy of a database that may be in use.

#pragma once

#include "core/result.h"
#include "db/database.h"

#include <filesystem>

namespace assay::db {

/// Copy every page to `target`, which is not there yet; its folder is. What is in a WAL file comes
/// along; the copy has none. Pre: `from` writes nothing (another connection may). The content is on
/// disk on return, the name once its folder is synced. Errors: as Database; kInvalidInput when
/// `target` exists. After one, `target` may be there in
///         part: remove it.
Status copy_database(Database& from, const std::filesystem::path& target);

/// The same as a database of its own, in memory, under the name of the original: to try out what
/// may not be written. Errors: as Database.
Result<Database> copy_to_memory(Database& from);

}  // namespace assay::db

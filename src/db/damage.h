/// \file
/// Whether a database file is sound.

#pragma once

#include "core/result.h"
#include "db/database.h"

#include <cstddef>
#include <string>
#include <vector>

namespace assay::db {

/// What SQLite finds wrong in the pages, indexes and constraints of the file, a line each, at most
/// `max_lines`, and one more when the damage stops the search. Cost: reads the whole file.
/// Errors: as Database, but no kCorrupt.
Result<std::vector<std::string>> find_damage(Database& database, std::size_t max_lines = 20);

}  // namespace assay::db

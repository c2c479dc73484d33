/// \file
/// SQLite's result codes as ours.

#pragma once

#include "core/error.h"

#include <sqlite3.h>

#include <string_view>

namespace assay::db {

/// The error of the last call on `handle`, which returned `result`. `sql` is shown when it is not
/// empty and the fault may lie in it.
Error from_sqlite(sqlite3* handle, int result, std::string_view name, std::string_view sql = {});

}  // namespace assay::db

/// \file
/// Databases of our own, and how an older one becomes a newer one.

#pragma once

#include "core/result.h"
#include "db/database.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace assay::db {

/// What a kind of database holds. The file says in its header which kind it is, and how many steps
/// were done (`PRAGMA application_id`, `PRAGMA user_version`).
struct Schema {
  /// For messages: `embedding index`.
  std::string_view name;
  /// A number of its own for each kind; part of the format, it never changes.
  std::int32_t application_id = 0;
  /// SQL of each step, the oldest first. A step that was ever released never changes.
  std::span<const std::string_view> steps;
};

/// Bring `database` to the last step: an empty one, or one of this kind. Each step happens whole or
/// not at all, and of several processes at once one does it.
/// Errors: also kInvalidInput (a database of another kind, or by a later version of the program;
///         a step that is missing in one opened for reading).
Status migrate(Database& database, const Schema& schema);

}  // namespace assay::db

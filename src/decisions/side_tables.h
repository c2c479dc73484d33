/// \file
/// The tables beside ai_decisions: what a run knows that the old table has no column for.

#pragma once

#include "core/result.h"
#include "db/database.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::decisions {

/// A group of one database in another.
struct CarriedGroup {
  std::string from;  ///< As the database it comes from calls it,
  std::string to;    ///< and as the other does.
  /// For each of its images the index in the group there; nothing for one that is not there.
  std::vector<std::optional<std::int64_t>> indexes = {};
};

/// Errors: as db::Database.
Result<bool> has_table(db::Database& database, std::string_view name);

/// Make those that are not there: runs, group_scores, image_scores, dropped_images.
/// Errors: as db::Database.
Status create_side_tables(db::Database& database);

/// Copy the runs, the dropped images, and the scores of groups whose predictions were taken, under
/// the ids and indexes that they have in `to`. What is there stays; a database without such tables
/// gives nothing. Errors: as db::Database, of both.
Status copy_side_tables(db::Database& from, db::Database& to, std::span<const CarriedGroup> taken);

/// Make the table final_matches, unless it is there. Errors: as db::Database.
Status create_final_matches(db::Database& database);

/// Copy where the final images of groups were found, in the same way. A row about an image that is
/// not in the group there is left out. Errors: as db::Database, of both.
Status copy_final_matches(db::Database& from, db::Database& to,
                          std::span<const CarriedGroup> groups);

}  // namespace assay::decisions

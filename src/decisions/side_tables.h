/// \file
/// The tables beside ai_decisions: what a run knows that the old table has no column for.

#pragma once

#include "core/result.h"
#include "db/database.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::decisions {

/// A prediction that goes into another database.
struct TakenPrediction {
  std::string from;  ///< Its group, as the predictions call it,
  std::string to;    ///< and as the other database does.
  /// For each image of the prediction its index in the group there; nothing for one that is not
  /// there.
  std::vector<std::optional<std::int64_t>> indexes = {};
};

/// Make those that are not there: runs, group_scores, image_scores, dropped_images.
/// Errors: as db::Database.
Status create_side_tables(db::Database& database);

/// Copy the runs, the dropped images, and the scores of predictions that were taken, under the ids
/// and indexes that they have in `to`. What is there stays; a database without such tables gives
/// nothing. Errors: as db::Database, of both.
Status copy_side_tables(db::Database& from, db::Database& to,
                        std::span<const TakenPrediction> taken);

}  // namespace assay::decisions

/// \file
/// Predictions that were made apart come into the database that a person works with.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "decisions/decision_table.h"
#include "decisions/side_tables.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::decision_merge {

/// Why something of a row was not merged. It needs a person.
enum class ConflictKind : std::uint8_t {
  kBadRow,         ///< The row cannot be read as a decision.
  kSeveralGroups,  ///< Its images are in several groups of the other database.
  kMatchedBefore,  ///< Another row was merged into the same group.
  kOtherImages,    ///< The selected image is not in the group that its other images are in.
  kIndexTooLarge,  ///< The old tools know four images of a group.
  kOtherCrop,      ///< Both have a final crop, and they differ.
  kOtherChoice,    ///< Its crop is of another image, or action, than the user chose here.
  kIdTaken,        ///< A group to be added has the id of one with other images.
  kCannotAdd,      ///< The table does not take the row.
};

/// A word for JSON, such as `several_groups`.
std::string_view to_string(ConflictKind kind);

struct MergeConflict {
  ConflictKind kind = ConflictKind::kBadRow;
  /// As the predictions call the group.
  std::string group_id;
  std::string text;
};

/// A value that was null, or the size of the image, which is that of the user's once there is one.
struct MergeChange {
  /// As the real database calls the group.
  std::string group_id;
  std::string column;
  std::variant<std::int64_t, double, std::string> value;
};

/// What a merge comes to. Nothing else that a person or an earlier run put there is changed.
struct MergePlan {
  std::vector<MergeChange> changes;
  /// Groups of which no image is known.
  std::vector<decisions::Decision> additions;
  std::vector<MergeConflict> conflicts;
  /// Whose prediction comes in, the additions too.
  std::vector<decisions::CarriedGroup> taken;
  /// Which have the same choice of the user, or none, in both then; the additions too.
  std::vector<decisions::CarriedGroup> same_choice;
  std::size_t num_matched = 0;
  /// Matched groups in which nothing was null.
  std::size_t num_unchanged = 0;
  /// Matched groups that keep another prediction than the one that was offered.
  std::size_t num_other_prediction = 0;
};

/// Match groups by the base names of their images, wherever they stand in the two lists; of several
/// with the same images the one of the same directory is meant, then the one of the same id. An
/// index is that of the same image in the real list. Null values are filled, predictions only as a
/// whole; with the user's image comes its size; selection_match and crop_match are worked out where
/// they were null.
MergePlan plan_merge(const decisions::DecisionTable& predictions,
                     const decisions::DecisionTable& real);

enum class MergeMode : std::uint8_t { kApply, kDryRun };

struct MergeReport {
  MergePlan plan = {};
  std::size_t num_predictions = 0;
  std::size_t num_real = 0;
  /// The copy of the real database before its change; none when nothing changed.
  std::optional<std::filesystem::path> backup = std::nullopt;
  MergeMode mode = MergeMode::kApply;
};

/// Merge the database at `predictions` into the one at `real`: a backup first, `NAME.backup-TIME`
/// beside it, then one transaction, with the scores of what is taken and the runs that made it in
/// the tables beside. The predictions stay as they are; so do timestamps. In a dry run it is all
/// done to a copy in memory, and nothing is changed. Errors: as db::Database and
/// files::FileSystem; kInvalidInput also when a prediction is of a project that the database, which
/// is of another, does not have. Then nothing has changed but for the backup.
Result<MergeReport> merge_decisions(files::FileSystem& file_system,
                                    const std::filesystem::path& predictions,
                                    const std::filesystem::path& real, Clock& clock,
                                    MergeMode mode);

/// The figures, each conflict, and in a dry run each change.
std::string to_text(const MergeReport& report);
/// One object: figures, changes, additions, conflicts.
std::string to_json(const MergeReport& report);

}  // namespace assay::decision_merge

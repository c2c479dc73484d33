/// \file
/// Values that go into a database that a person works with, wherever they come from.

#pragma once

#include "db/database.h"
#include "decision_merge/merge.h"

#include <filesystem>
#include <functional>

namespace assay::decision_merge {

struct MergeOffer {
  const decisions::DecisionTable& table;
  /// Writes what else belongs to it, in the same transaction. Not called when nothing changes.
  std::function<Status(db::Database& real, const MergePlan& plan)> also_write = {};
};

/// As merge_decisions(), of rows in memory.
/// Errors: as merge_decisions(), and those of `also_write`.
Result<MergeReport> merge_offer(files::FileSystem& file_system, const MergeOffer& offer,
                                const std::filesystem::path& real, Clock& clock, MergeMode mode);

}  // namespace assay::decision_merge

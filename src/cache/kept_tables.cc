#include "cache/kept_tables_internal.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

struct KeptTable {
  fs::path path;
  files::FileInfo info;
  bool is_partial = false;
};

/// Those of updates, the oldest first. Errors: as FileSystem.
Result<std::vector<KeptTable>> kept_tables(Store& store) {
  files::FileSystem& file_system = store.tools().file_system;
  std::vector<KeptTable> tables;
  const fs::path folder = store.layout().tables();
  ASSIGN_OR_RETURN(const auto present, file_system.info(folder));
  if (!present) return tables;
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const auto info, file_system.info_unfollowed(folder / name));
    if (!info || info->kind != files::FileKind::kFile) continue;
    tables.push_back({.path = folder / name, .info = *info, .is_partial = name.starts_with('.')});
  }
  std::ranges::stable_sort(tables, {}, [](const KeptTable& table) { return table.info.modified; });
  return tables;
}

}  // namespace

Result<RemovedTables> remove_tables(Store& store, const TablesToRemove& what) {
  files::FileSystem& file_system = store.tools().file_system;
  RemovedTables gone;
  ASSIGN_OR_RETURN(const std::vector<KeptTable> tables, kept_tables(store));
  if (tables.empty()) return gone;
  // Nobody reads from a table, or goes on with one, while this is held.
  std::unique_ptr<files::FileLock> lock;
  if (what.mode == CollectMode::kDo) {
    auto taken = file_system.lock(store.layout().work_lock(Work::kUpdate));
    if (!taken && taken.error().code != ErrorCode::kUnavailable) return std::move(taken.error());
    gone.is_updating = !taken;
    if (!taken) return gone;
    lock = std::move(*taken);
  }
  const Timestamp now = store.tools().clock.now();
  for (const KeptTable& table : tables) {
    const bool is_stale = table.is_partial && now - table.info.modified > what.min_partial_age;
    if (!is_stale && gone.bytes >= what.wanted) continue;
    if (what.mode == CollectMode::kDo) {
      Status removed = file_system.remove(table.path);
      if (!removed && removed.error().code != ErrorCode::kNotFound) return removed.error();
    }
    ++gone.num_tables;
    gone.bytes += table.info.size;
  }
  return gone;
}

}  // namespace assay::cache

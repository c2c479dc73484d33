#include "db/backup.h"

#include "core/check.h"
#include "db/sqlite_error_internal.h"

#include <fmt/format.h>

#include <system_error>

namespace assay::db {

Status copy_database(Database& from, const std::filesystem::path& target) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(target, ignored))) {
    return invalid_input(
        fmt::format("{}: a file of this name exists; it is not overwritten", target.native()));
  }
  ASSIGN_OR_RETURN(Database copy, Database::open(target, {.mode = OpenMode::kCreate,
                                                          .journal = JournalMode::kDelete}));
  sqlite3_backup* const backup = sqlite3_backup_init(copy.handle_, "main", from.handle_, "main");
  if (backup == nullptr) {
    return from_sqlite(copy.handle_, sqlite3_extended_errcode(copy.handle_), copy.name());
  }
  const int step = sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) {
    return from_sqlite(copy.handle_, result == SQLITE_OK ? step : result, copy.name())
        .within(fmt::format("copying {}", from.name()));
  }
  // The pages carry the mode of the original; a copy in WAL mode would want files beside it.
  RETURN_IF_ERROR(copy.set_journal(JournalMode::kDelete));
  return copy.close();
}

}  // namespace assay::db

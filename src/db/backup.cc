#include "db/backup.h"

#include "core/check.h"
#include "db/sqlite_error_internal.h"

#include <fmt/format.h>

#include <system_error>

namespace assay::db {

Status Database::copy_pages(Database& from, Database& to) {
  sqlite3_backup* const backup = sqlite3_backup_init(to.handle_, "main", from.handle_, "main");
  if (backup == nullptr) {
    return from_sqlite(to.handle_, sqlite3_extended_errcode(to.handle_), to.name());
  }
  const int step = sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) {
    return from_sqlite(to.handle_, result == SQLITE_OK ? step : result, to.name())
        .within(fmt::format("copying {}", from.name()));
  }
  return {};
}

Status copy_database(Database& from, const std::filesystem::path& target) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(target, ignored))) {
    return invalid_input(
        fmt::format("{}: a file of this name exists; it is not overwritten", target.native()));
  }
  ASSIGN_OR_RETURN(Database copy, Database::open(target, {.mode = OpenMode::kCreate,
                                                          .journal = JournalMode::kDelete}));
  RETURN_IF_ERROR(Database::copy_pages(from, copy));
  // The pages carry the mode of the original; a copy in WAL mode would want files beside it.
  RETURN_IF_ERROR(copy.set_journal(JournalMode::kDelete));
  return copy.close();
}

Result<Database> copy_to_memory(Database& from) {
  ASSIGN_OR_RETURN(Database copy, Database::open_in_memory());
  RETURN_IF_ERROR(Database::copy_pages(from, copy));
  copy.name_ = from.name_;
  return copy;
}

}  // namespace assay::db

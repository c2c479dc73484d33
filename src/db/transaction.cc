#include "db/transaction.h"

#include "db/database.h"
#include "db/sqlite_error_internal.h"

#include <utility>

namespace assay::db {

Result<Transaction> Transaction::begin(Database& database, TransactionKind kind) {
  RETURN_IF_ERROR(database.execute(kind == TransactionKind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(database.handle_);
}

Transaction::Transaction(Transaction&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)) {}

Transaction::~Transaction() {
  // After some errors SQLite has taken it back already.
  if (handle_ == nullptr || sqlite3_get_autocommit(handle_) != 0) return;
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Status Transaction::commit() {
  if (handle_ == nullptr) return internal("the transaction is over");
  const int result = sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) {
    const char* const file = sqlite3_db_filename(handle_, nullptr);
    return from_sqlite(handle_, result, file == nullptr ? "" : file, "COMMIT");
  }
  handle_ = nullptr;
  return {};
}

}  // namespace assay::db

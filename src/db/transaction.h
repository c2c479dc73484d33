/// \file
/// All or nothing.

#pragma once

#include "core/result.h"

#include <cstdint>

struct sqlite3;

namespace assay::db {

class Database;

enum class TransactionKind : std::uint8_t {
  kRead,   ///< One unchanging view of the file; begins with the first read.
  kWrite,  ///< Takes the right to write at once, so that the commit cannot find it taken.
};

/// What happens between begin() and commit() happens as one; without commit() the destructor takes
/// it back. They do not nest. Threads: as its database. Errors: as Database.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database,
                                   TransactionKind kind = TransactionKind::kWrite);

  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  /// On success the changes are on disk, as the database's durability says. After kUnavailable
  /// (another connection still reads) it may be called again; after another error it is over.
  Status commit();

 private:
  explicit Transaction(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;  // null once over or moved from
};

}  // namespace assay::db

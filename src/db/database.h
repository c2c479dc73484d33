/// \file
/// An open SQLite database.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "db/statement.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

struct sqlite3;

namespace assay::db {

enum class OpenMode : std::uint8_t {
  kRead,    ///< The file must exist; nothing can be changed.
  kWrite,   ///< The file must exist.
  kCreate,  ///< Made when absent.
};

/// What happens to a transaction that a crash cuts short.
enum class JournalMode : std::uint8_t {
  kKeep,    ///< As the file has it; kDelete in a new one.
  kDelete,  ///< A rollback journal that each commit removes: for files that other programs copy.
  kWal,     ///< Readers and one writer at a time; one process may write.
  kMemory,  ///< A crash may leave a broken file: for one that gets its name when it is complete.
};

/// What a database keeps in memory until set_page_cache() says otherwise.
inline constexpr ByteCount kUsualPageCache{std::uint64_t{2} << 20};

/// When a commit is on disk.
enum class Durability : std::uint8_t {
  kEveryCommit,
  kCheckpoint,  ///< In WAL mode: a crash loses the last commits, never the file.
  kNone,        ///< When the caller syncs the file: only with kMemory.
};

struct OpenOptions {
  OpenMode mode = OpenMode::kRead;
  JournalMode journal = JournalMode::kKeep;
  Durability durability = Durability::kEveryCommit;
  /// How long a call waits for another connection that holds the file.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(10);
};

/// Closed by the destructor, which reports nothing. Statements and transactions end before it.
/// Threads: one thread at a time, with its statements.
/// Errors: kNotFound, kDenied, kNoSpace, kCorrupt (not a database, or a damaged one), kUnavailable
///         (held by another connection for longer than the timeout; an input or output error),
///         kInvalidInput (a constraint, a table or column that is not there), kExhausted; each
///         names the file, and the SQL when it is about that.
class Database {
 public:
  /// Reads the header too, so that what is no database is refused here.
  static Result<Database> open(const std::filesystem::path& path, const OpenOptions& options = {});
  /// A database without a file, of its own.
  static Result<Database> open_in_memory();

  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Run one or several statements that give no rows worth reading.
  Status execute(std::string_view sql);
  /// Compile exactly one statement.
  Result<Statement> prepare(std::string_view sql);

  /// How much of the file is kept in memory, from now on. A transaction that changes more of it
  /// writes some before its end, and reads that again.
  Status set_page_cache(ByteCount size);

  /// Rows that the last INSERT, UPDATE or DELETE changed.
  std::int64_t num_changed_rows() const;
  std::int64_t last_row_id() const;
  /// As the caller gave it; `:memory:` without a file.
  const std::string& name() const { return name_; }

  /// Close, and say whether that worked. Nothing may be called afterwards.
  /// Pre: its statements are destroyed.
  Status close();

 private:
  friend class Transaction;
  friend Status copy_database(Database& from, const std::filesystem::path& target);
  friend Result<Database> copy_to_memory(Database& from);
  /// Replace all that is in `to`. Errors: as the class.
  static Status copy_pages(Database& from, Database& to);
  Database(sqlite3* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  /// Errors of all: as the class.
  static Result<Database> connect(const std::string& name, int flags, const OpenOptions& options);
  Status configure(const OpenOptions& options);
  Status set_journal(JournalMode journal);

  sqlite3* handle_;  // null once closed or moved from
  std::string name_;
};

/// A name as SQL text, in quotes: for tables and columns whose names are data.
std::string quote_identifier(std::string_view name);

}  // namespace assay::db

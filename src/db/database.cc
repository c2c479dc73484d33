#include "db/database.h"

#include "core/check.h"
#include "db/sqlite_error_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace assay::db {
namespace {

/// Larger statements are no statements of ours.
constexpr std::size_t kMaxSqlSize = 1'000'000;

int flags_of(OpenMode mode) {
  // A connection is used by one thread at a time, so SQLite need not lock it.
  constexpr int kCommon = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case OpenMode::kRead:
      return kCommon | SQLITE_OPEN_READONLY;
    case OpenMode::kWrite:
      return kCommon | SQLITE_OPEN_READWRITE;
    case OpenMode::kCreate:
      return kCommon | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  std::unreachable();
}

std::string_view pragma_of(Durability durability, JournalMode journal) {
  switch (durability) {
    case Durability::kEveryCommit:
      // With a rollback journal FULL leaves its removal, which is the commit, to the system.
      return journal == JournalMode::kWal ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=EXTRA";
    case Durability::kCheckpoint:
      return "PRAGMA synchronous=NORMAL";
    case Durability::kNone:
      return "PRAGMA synchronous=OFF";
  }
  std::unreachable();
}

/// SQLite counts the memory it takes, under a lock at each allocation, and nobody asks for the sum.
/// Where something else in the process has started SQLite it stays so.
void stop_counting_memory() {
  [[maybe_unused]] static const int kAnswer = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

}  // namespace

Result<Database> Database::open(const std::filesystem::path& path, const OpenOptions& options) {
  const std::string& name = path.native();
  if (name.empty() || name.contains('\0')) {
    return invalid_input("the path of a database is empty or holds a NUL");
  }
  CHECK(options.durability != Durability::kNone || options.journal == JournalMode::kMemory,
        "a database without syncs is one that a crash may break");
  return connect(name, flags_of(options.mode), options);
}

Result<Database> Database::open_in_memory() {
  return connect(":memory:", flags_of(OpenMode::kCreate) | SQLITE_OPEN_MEMORY,
                 {.mode = OpenMode::kCreate});
}

Result<Database> Database::connect(const std::string& name, int flags, const OpenOptions& options) {
  // SQLite gives names that begin with a colon a meaning of their own.
  const bool is_file = (flags & SQLITE_OPEN_MEMORY) == 0;
  const std::string path = is_file && name.starts_with(':') ? "./" + name : name;
  stop_counting_memory();
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(handle, name);
  if (result != SQLITE_OK) {
    // SQLite answers "unable to open" to all that can be wrong; the reason is the system's.
    Error error = from_sqlite(handle, result, name);
    const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
    if (system_error != 0) {
      error.message = fmt::format("{}: cannot open the database: {}", name,
                                  std::error_code(system_error, std::generic_category()).message());
    }
    return error;
  }
  RETURN_IF_ERROR(database.configure(options));
  return database;
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), name_(std::move(other.name_)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(name_, other.name_);
  return *this;
}

// With statements left the connection lives on as a zombie until the last of them ends.
Database::~Database() { sqlite3_close_v2(handle_); }

Status Database::configure(const OpenOptions& options) {
  sqlite3_busy_timeout(handle_,
                       static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(
                           options.busy_timeout.count(), 0, std::numeric_limits<int>::max())));
  // A file from outside may carry views and triggers that were made to harm.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // A name in double quotes that is no column is a mistake, not a text.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  RETURN_IF_ERROR(execute("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA foreign_keys=ON"));
  // The first reading of the file.
  RETURN_IF_ERROR(execute("PRAGMA schema_version"));
  if (options.mode == OpenMode::kRead) return {};
  RETURN_IF_ERROR(set_journal(options.journal));
  return execute(pragma_of(options.durability, options.journal));
}

Status Database::set_journal(JournalMode journal) {
  std::string_view wanted;
  switch (journal) {
    case JournalMode::kKeep:
      return {};
    case JournalMode::kDelete:
      wanted = "delete";
      break;
    case JournalMode::kWal:
      wanted = "wal";
      break;
    case JournalMode::kMemory:
      wanted = "memory";
      break;
  }
  ASSIGN_OR_RETURN(Statement pragma, prepare(fmt::format("PRAGMA journal_mode={}", wanted)));
  ASSIGN_OR_RETURN(const bool has_row, pragma.step());
  // SQLite answers with the mode that it has now, and does not call another one an error.
  if (!has_row || pragma.text(0) != wanted) {
    return unavailable(fmt::format(
        "{}: the journal mode '{}' cannot be set; it stays '{}': close other programs that use it",
        name_, wanted, has_row ? pragma.text(0) : ""));
  }
  return {};
}

Status Database::execute(std::string_view sql) {
  CHECK(handle_ != nullptr, "the database is closed");
  const std::string text(sql);
  const int result = sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return from_sqlite(handle_, result, name_, sql);
  return {};
}

Status Database::set_page_cache(ByteCount size) {
  // A negative number counts KiB, a positive one would count pages.
  return execute(fmt::format("PRAGMA cache_size=-{}", size.count() / std::uint64_t{1024}));
}

Result<Statement> Database::prepare(std::string_view sql) {
  CHECK(handle_ != nullptr, "the database is closed");
  CHECK(sql.size() <= kMaxSqlSize, "a statement of ours is too long");
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int result =
      sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, &tail);
  Statement prepared(statement);
  if (result != SQLITE_OK) return from_sqlite(handle_, result, name_, sql);
  CHECK(statement != nullptr, "the SQL holds no statement");
  CHECK(sql.substr(static_cast<std::size_t>(tail - sql.data())).find_first_not_of(" \n;") ==
            std::string_view::npos,
        "the SQL holds several statements");
  return prepared;
}

std::int64_t Database::num_changed_rows() const { return sqlite3_changes64(handle_); }

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }

Status Database::close() {
  CHECK(handle_ != nullptr, "the database is closed");
  const int result = sqlite3_close(handle_);
  if (result != SQLITE_OK) return from_sqlite(handle_, result, name_);
  handle_ = nullptr;
  return {};
}

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    quoted.push_back(c);
    if (c == '"') quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace assay::db

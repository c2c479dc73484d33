#include "db/sqlite_error_internal.h"

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <utility>

namespace assay::db {
namespace {

/// Longer statements are cut in messages: the beginning tells which it is.
constexpr std::size_t kMaxShownSql = 200;

ErrorCode code_of_open_failure(int system_error) {
  switch (system_error) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kDenied;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kNoSpace;
    case EISDIR:
      return ErrorCode::kInvalidInput;
    default:
      return ErrorCode::kUnavailable;
  }
}

ErrorCode code_of(int result, int system_error) {
  switch (result & 0xFF) {  // the low byte is the primary code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return ErrorCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return ErrorCode::kCorrupt;
    case SQLITE_FULL:
      return ErrorCode::kNoSpace;
    case SQLITE_IOERR:
      return system_error == ENOSPC || system_error == EDQUOT ? ErrorCode::kNoSpace
                                                              : ErrorCode::kUnavailable;
    case SQLITE_CANTOPEN:
      return code_of_open_failure(system_error);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::kDenied;
    case SQLITE_INTERRUPT:
      return ErrorCode::kCancelled;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return ErrorCode::kExhausted;
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return ErrorCode::kInvalidInput;
    default:
      return ErrorCode::kInternal;
  }
}

std::string_view advice(int result) {
  switch (result & 0xFF) {
    case SQLITE_BUSY:
      return "; another program holds it: close that, or try again";
    case SQLITE_NOTADB:
      return "; it is not an SQLite database";
    case SQLITE_READONLY:
      return result == SQLITE_READONLY_ROLLBACK || result == SQLITE_READONLY_RECOVERY
                 ? "; a program died while it wrote: open it once for writing"
                 : "";
    default:
      return "";
  }
}

bool is_about_sql(int result) {
  const int primary = result & 0xFF;
  return primary == SQLITE_ERROR || primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH ||
         primary == SQLITE_SCHEMA;
}

}  // namespace

Error from_sqlite(sqlite3* handle, int result, std::string_view name, std::string_view sql) {
  // Without a handle, or when the handle speaks of another call, the code's own text must do.
  const bool is_last = handle != nullptr && sqlite3_extended_errcode(handle) == result;
  const char* what = is_last ? sqlite3_errmsg(handle) : sqlite3_errstr(result);
  const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  const ErrorCode code = code_of(result, system_error);
  // SQLite's own words leave open whether it is the disk, or speak of its input and output.
  if (code == ErrorCode::kNoSpace) what = "no space left on the disk";
  std::string message = fmt::format("{}: {}{}", name, what, advice(result));
  if (is_about_sql(result) && !sql.empty()) {
    message += fmt::format(" (in: {}{})", sql.substr(0, kMaxShownSql),
                           sql.size() > kMaxShownSql ? "..." : "");
  }
  return Error{code, std::move(message)};
}

}  // namespace assay::db

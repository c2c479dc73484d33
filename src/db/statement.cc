#include "db/statement.h"

#include "core/check.h"
#include "db/sqlite_error_internal.h"

#include <utility>

namespace assay::db {
namespace {

std::string name_of(sqlite3* handle) {
  const char* file = sqlite3_db_filename(handle, nullptr);
  return file == nullptr || *file == '\0' ? ":memory:" : file;
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      bind_result_(other.bind_result_),
      has_row_(other.has_row_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(bind_result_, other.bind_result_);
  std::swap(has_row_, other.has_row_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::note(int result) {
  CHECK(result != SQLITE_RANGE && result != SQLITE_MISUSE,
        "a value was bound to no parameter, or while rows were read");
  if (result != SQLITE_OK && bind_result_ == SQLITE_OK) bind_result_ = result;
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  return note(sqlite3_bind_null(handle_, parameter));
}

Statement& Statement::bind_integer(int parameter, std::optional<std::int64_t> value) {
  if (!value) return bind_null(parameter);
  return note(sqlite3_bind_int64(handle_, parameter, *value));
}

Statement& Statement::bind_real(int parameter, std::optional<double> value) {
  if (!value) return bind_null(parameter);
  return note(sqlite3_bind_double(handle_, parameter, *value));
}

Statement& Statement::bind_text(int parameter, std::optional<std::string_view> value) {
  if (!value) return bind_null(parameter);
  // A null pointer would bind NULL.
  const char* const data = value->empty() ? "" : value->data();
  return note(
      sqlite3_bind_text64(handle_, parameter, data, value->size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::bind_blob(int parameter, std::span<const std::byte> value) {
  if (value.empty()) return note(sqlite3_bind_zeroblob(handle_, parameter, 0));
  return note(
      sqlite3_bind_blob64(handle_, parameter, value.data(), value.size(), SQLITE_TRANSIENT));
}

Result<bool> Statement::step() {
  CHECK(handle_ != nullptr, "the statement was moved away");
  sqlite3* const database = sqlite3_db_handle(handle_);
  int result = std::exchange(bind_result_, SQLITE_OK);
  if (result == SQLITE_OK) result = sqlite3_step(handle_);
  has_row_ = result == SQLITE_ROW;
  if (has_row_) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  Error error = from_sqlite(database, result, name_of(database), sqlite3_sql(handle_));
  sqlite3_reset(handle_);
  return error;
}

Status Statement::run() {
  Result<bool> has_row = step();
  while (has_row && *has_row) has_row = step();
  sqlite3_clear_bindings(handle_);
  if (!has_row) return std::move(has_row.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  bind_result_ = SQLITE_OK;
  has_row_ = false;
}

int Statement::num_columns() const { return sqlite3_column_count(handle_); }

std::string Statement::column_name(int column) const {
  CHECK(column >= 0 && column < num_columns(), "the statement has no such column");
  const char* const name = sqlite3_column_name(handle_, column);
  return name == nullptr ? "" : name;
}

void Statement::check_column(int column) const {
  CHECK(has_row_, "there is no row to read");
  CHECK(column >= 0 && column < sqlite3_data_count(handle_), "the row has no such column");
}

ValueType Statement::type(int column) const {
  check_column(column);
  switch (sqlite3_column_type(handle_, column)) {
    case SQLITE_INTEGER:
      return ValueType::kInteger;
    case SQLITE_FLOAT:
      return ValueType::kReal;
    case SQLITE_TEXT:
      return ValueType::kText;
    case SQLITE_BLOB:
      return ValueType::kBlob;
    default:
      return ValueType::kNull;
  }
}

std::int64_t Statement::integer(int column) const {
  check_column(column);
  return sqlite3_column_int64(handle_, column);
}

double Statement::real(int column) const {
  check_column(column);
  return sqlite3_column_double(handle_, column);
}

std::string_view Statement::text(int column) const {
  check_column(column);
  // The text first: asking for it may convert the value, and the size is of what it is then.
  const unsigned char* const data = sqlite3_column_text(handle_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::span<const std::byte> Statement::blob(int column) const {
  check_column(column);
  const void* const data = sqlite3_column_blob(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const std::byte*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<double> Statement::optional_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

std::optional<std::string> Statement::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return std::string(text(column));
}

}  // namespace assay::db

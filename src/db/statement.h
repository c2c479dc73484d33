/// \file
/// One compiled SQL statement: values in, rows out.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3_stmt;

namespace assay::db {

/// How a value is stored in a row, whatever the column was declared as.
enum class ValueType : std::uint8_t { kNull, kInteger, kReal, kText, kBlob };

/// Bind, then step() until it says false, or run(). Parameters count from 1 as in SQL, columns from
/// 0. Threads: as its database. Errors: as Database.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// The values are copied; a parameter that is not bound is NULL, and so is an empty optional.
  /// A value that is too large is reported by the step() that follows.
  /// Pre: `parameter` is one of the statement's; no row is being read.
  Statement& bind_null(int parameter);
  Statement& bind_integer(int parameter, std::optional<std::int64_t> value);
  Statement& bind_real(int parameter, std::optional<double> value);
  Statement& bind_text(int parameter, std::optional<std::string_view> value);
  Statement& bind_blob(int parameter, std::span<const std::byte> value);

  /// Go to the next row; false after the last. After false or an error the next call starts anew.
  Result<bool> step();
  /// Run to the end, then forget the bound values: for what gives no rows.
  Status run();
  /// Give up the rows that are left, and forget the bound values.
  void reset();

  int num_columns() const;
  std::string column_name(int column) const;

  /// Of the row that step() went to. Where the type is another, SQLite's conversion is read: text
  /// that is no number is 0. Ask type() first, since a conversion changes what it says.
  /// Pre: `column` is one of the row's. Lifetime: views last until the next step() or reset().
  ValueType type(int column) const;
  bool is_null(int column) const { return type(column) == ValueType::kNull; }
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  std::span<const std::byte> blob(int column) const;
  /// Nothing for NULL.
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<double> optional_real(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  Statement& note(int result);
  void check_column(int column) const;

  sqlite3_stmt* handle_;  // null once moved from
  int bind_result_ = 0;   // the first failure to bind since the last step
  bool has_row_ = false;
};

}  // namespace assay::db

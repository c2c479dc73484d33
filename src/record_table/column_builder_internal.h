/// \file
/// Puts values of records into a column, one a row.

#pragma once

#include "core/timestamp.h"
#include "json/line_scan.h"
#include "record_table/column.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::record_table {

/// Threads: one thread at a time.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(ColumnType type);

  /// Add a row. Whether the column's type can hold the value: if not, as when it is absent or null,
  /// the row is null. An integer is also a number; a number without a fraction is also an integer;
  /// a time is a text that parse_record_time() reads.
  bool add(const json::Field& field);
  void add_time(const std::optional<Timestamp>& time);
  void add_text(std::string_view text);

  std::size_t text_size() const { return column_.text.size(); }
  /// The rows so far; begins anew.
  Column take();

 private:
  bool add_value(const json::Field& field);
  void add_null();
  void put_text(std::string_view text);

  Column column_;
};

}  // namespace assay::record_table

/// \file
/// A column of values in the layout of Arrow's columnar format.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace assay::record_table {

enum class ColumnType : std::uint8_t {
  kText,     ///< UTF-8.
  kJson,     ///< UTF-8: the text of any JSON value, as it stands in the record.
  kInteger,  ///< 64 bits with sign.
  kNumber,   ///< A double.
  kBoolean,  ///< A bit.
  kTime,     ///< Microseconds since 1970 in UTC, 64 bits.
};

/// Values of one column. Bit i of a bitmap is bit i % 8 of byte i / 8.
struct Column {
  ColumnType type = ColumnType::kText;
  std::size_t num_rows = 0;
  std::size_t num_nulls = 0;
  std::vector<std::uint8_t> validity = {};  ///< A bitmap: 1 where there is a value.
  std::vector<std::uint8_t> booleans = {};  ///< A bitmap, of kBoolean.
  std::vector<std::int64_t> integers = {};  ///< Of kInteger and kTime; 0 where there is none.
  std::vector<double> numbers = {};         ///< Of kNumber; 0 where there is none.
  std::vector<std::int32_t> offsets =
      {};  ///< Of kText and kJson: num_rows + 1 of them, into `text`.
  std::string text = {};
};

/// Rows: columns of one length. Order: that of the columns asked for.
struct RecordBatch {
  std::size_t num_rows = 0;
  std::vector<Column> columns = {};
};

}  // namespace assay::record_table

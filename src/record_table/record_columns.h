/// \file
/// The columns of a table of records.

#pragma once

#include "core/result.h"
#include "record_table/column.h"
#include "records/record_fields.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::record_table {

struct RecordColumn {
  std::string_view name;  ///< That of the member of the record, without its section.
  ColumnType type = ColumnType::kText;
  /// Nothing for the whole line.
  std::optional<records::RecordField> field = std::nullopt;
  /// Whether it is there when nobody names columns. The others repeat what these hold.
  bool is_default = true;
};

/// Every column there is, in the order of a record's members.
std::span<const RecordColumn> all_record_columns();

/// The columns of these names, in this order; without names the default ones.
/// Errors: kInvalidInput (no such column, a column named twice, none named).
Result<std::vector<RecordColumn>> choose_columns(
    const std::optional<std::vector<std::string>>& names);

}  // namespace assay::record_table

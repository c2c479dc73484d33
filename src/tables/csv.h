/// \file
/// CSV as the old scripts wrote it: UTF-8, CRLF, a field quoted only when it must be.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace assay::tables {

/// Append one row and its CRLF to `out`. A field is quoted when it holds a comma, a quote, CR or
/// LF; quotes inside are doubled. Blanks, tabs and NUL are not quoted.
void append_csv_row(std::string& out, std::span<const std::string_view> fields);

}  // namespace assay::tables

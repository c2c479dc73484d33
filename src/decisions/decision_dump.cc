#include "decisions/decision_database.h"
#include "json/writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace assay::decisions {
namespace {

struct DumpedTable {
  std::string_view name;
  std::string_view order;
};

constexpr std::array<DumpedTable, 4> kTables = {{{"ai_decisions", "group_id"},
                                                 {"group_scores", "group_id"},
                                                 {"image_scores", "group_id, image_index"},
                                                 {"dropped_images", "entry"}}};

/// Differ from run to run.
constexpr std::array<std::string_view, 2> kVolatile = {"timestamp", "crop_timestamp"};

/// The values of a row, one JSON object a line; a blob as its size, since no table of ours has one.
void append_row(std::string& dump, std::string_view table, db::Statement& row) {
  json::Writer writer;
  writer.begin_object().name("table").text(table);
  for (int column = 0; column < row.num_columns(); ++column) {
    writer.name(row.column_name(column));
    switch (row.type(column)) {
      case db::ValueType::kNull:
        writer.null();
        break;
      case db::ValueType::kInteger:
        writer.integer(row.integer(column));
        break;
      case db::ValueType::kReal:
        writer.number(row.real(column));
        break;
      case db::ValueType::kText:
        writer.text(row.text(column));
        break;
      case db::ValueType::kBlob:
        writer.text(fmt::format("{} bytes", row.blob(column).size()));
        break;
    }
  }
  writer.end_object();
  dump += writer.take() + "\n";
}

/// Errors: as db::Database.
Result<std::vector<std::string>> columns_of(db::Database& database, std::string_view table) {
  ASSIGN_OR_RETURN(db::Statement names, database.prepare("SELECT name FROM pragma_table_info(?)"));
  names.bind_text(1, table);
  std::vector<std::string> columns;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, names.step());
    if (!has_row) return columns;
    if (std::ranges::count(kVolatile, names.text(0)) == 0) {
      columns.push_back(db::quote_identifier(names.text(0)));
    }
  }
}

}  // namespace

Result<std::string> dump_decisions(db::Database& database) {
  std::string dump;
  for (const DumpedTable& table : kTables) {
    ASSIGN_OR_RETURN(const std::vector<std::string> columns, columns_of(database, table.name));
    if (columns.empty()) continue;
    ASSIGN_OR_RETURN(db::Statement rows, database.prepare(fmt::format(
                                             "SELECT {} FROM {} ORDER BY {}",
                                             fmt::join(columns, ", "), table.name, table.order)));
    while (true) {
      ASSIGN_OR_RETURN(const bool has_row, rows.step());
      if (!has_row) break;
      append_row(dump, table.name, rows);
    }
  }
  return dump;
}

}  // namespace assay::decisions

/// \file
/// The table ai_decisions in a database of any age.

#pragma once

#include "core/result.h"
#include "db/database.h"
#include "decisions/decision.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::decisions {

/// A row that cannot be read as a decision.
struct BadRow {
  /// Its group_id, or its number when it has none.
  std::string row;
  std::string problem;
};

struct DecisionTable {
  /// Order: by group_id.
  std::vector<Decision> decisions;
  std::vector<BadRow> bad_rows;
  /// As the table has them.
  std::vector<std::string> columns;
};

/// The names of the columns of the table ai_decisions; none when there is no such table.
/// Errors: as db::Database.
Result<std::vector<std::string>> decision_columns(db::Database& database);

/// Read all rows: of the table with 17 or 18 columns, and of the one with six. A bad row costs that
/// row. Errors: as db::Database; kInvalidInput (no table, or without group_id and images).
Result<DecisionTable> read_decisions(db::Database& database);

/// The columns of a new table, in their order.
std::vector<std::string_view> all_decision_columns();

/// Make the table with its views and indexes in an empty database. Errors: as db::Database.
Status create_decision_table(db::Database& database);

/// Inserts rows into a table that may lack columns: what it has no column for is left out.
/// Threads: as its database.
class DecisionInserter {
 public:
  /// `columns`: those of the table. Errors: as db::Database.
  static Result<DecisionInserter> prepare(db::Database& database,
                                          std::span<const std::string> columns);

  /// Errors: as db::Database; kInvalidInput when a check of the table is not kept, or an index is
  /// not of an image of the group. Another row may follow.
  Status insert(const Decision& decision);

 private:
  DecisionInserter(db::Statement statement, std::vector<bool> has_column)
      : statement_(std::move(statement)), has_column_(std::move(has_column)) {}
  db::Statement statement_;
  std::vector<bool> has_column_;  // in the order of all_decision_columns()
};

}  // namespace assay::decisions

#include "decisions/decision_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace assay::decisions {
namespace {

// The columns are a contract with programs that are older than this one. Not STRICT: their SQLite
// may not know it, and STRICT has no BOOLEAN. The user's columns may be null, since a prediction
// comes before the user's choice. An index is held against the list, of any length, by
// DecisionInserter: functions on JSON in a CHECK would bar programs whose SQLite lacks or
// distrusts them.
constexpr std::string_view kTable = R"sql(
CREATE TABLE ai_decisions (
  group_id TEXT PRIMARY KEY,
  timestamp TEXT NOT NULL,
  project_id TEXT NOT NULL,
  directory TEXT,
  batch_number INTEGER,
  images TEXT NOT NULL,
  ai_selected_index INTEGER,
  ai_crop_coords TEXT,
  ai_confidence REAL,
  user_selected_index INTEGER,
  user_action TEXT,
  final_crop_coords TEXT,
  crop_timestamp TEXT,
  image_width INTEGER NOT NULL,
  image_height INTEGER NOT NULL,
  selection_match BOOLEAN,
  crop_match BOOLEAN,
  ai_crop_accepted BOOLEAN,
  CHECK (user_action IS NULL OR user_action IN ('approve', 'crop', 'reject')),
  CHECK (ai_selected_index IS NULL OR ai_selected_index >= 0),
  CHECK (user_selected_index IS NULL OR user_selected_index >= 0),
  CHECK (ai_confidence IS NULL OR (ai_confidence >= 0 AND ai_confidence <= 1)),
  CHECK (image_width > 0 AND image_height > 0),
  CHECK (selection_match IS NULL OR selection_match IN (0, 1)),
  CHECK (crop_match IS NULL OR crop_match IN (0, 1)),
  CHECK (ai_crop_accepted IS NULL OR ai_crop_accepted IN (0, 1))
);
CREATE INDEX idx_project_id ON ai_decisions(project_id);
CREATE INDEX idx_timestamp ON ai_decisions(timestamp);
CREATE INDEX idx_selection_match ON ai_decisions(selection_match);
CREATE INDEX idx_crop_match ON ai_decisions(crop_match);
CREATE INDEX idx_user_action ON ai_decisions(user_action);
CREATE INDEX idx_batch_number ON ai_decisions(batch_number);
-- Accuracies are percent of the rows that say yes or no.
CREATE VIEW ai_performance AS
  SELECT project_id,
         COUNT(*) AS total_decisions,
         SUM(CASE WHEN selection_match = 1 THEN 1 ELSE 0 END) AS correct_selections,
         SUM(CASE WHEN crop_match = 1 THEN 1 ELSE 0 END) AS correct_crops,
         ROUND(100.0 * AVG(selection_match), 2) AS selection_accuracy,
         ROUND(100.0 * AVG(crop_match), 2) AS crop_accuracy
  FROM ai_decisions GROUP BY project_id;
CREATE VIEW incomplete_crops AS
  SELECT * FROM ai_decisions WHERE user_action = 'crop' AND final_crop_coords IS NULL;
CREATE VIEW ai_mistakes AS
  SELECT * FROM ai_decisions WHERE selection_match = 0 OR crop_match = 0;
)sql";

/// Positions in kNames.
using Column = std::size_t;
constexpr Column kGroupId = 0;
constexpr Column kTimestamp = 1;
constexpr Column kProjectId = 2;
constexpr Column kDirectory = 3;
constexpr Column kBatchNumber = 4;
constexpr Column kImages = 5;
constexpr Column kAiSelectedIndex = 6;
constexpr Column kAiCropCoords = 7;
constexpr Column kAiConfidence = 8;
constexpr Column kUserSelectedIndex = 9;
constexpr Column kUserAction = 10;
constexpr Column kFinalCropCoords = 11;
constexpr Column kCropTimestamp = 12;
constexpr Column kImageWidth = 13;
constexpr Column kImageHeight = 14;
constexpr Column kSelectionMatch = 15;
constexpr Column kCropMatch = 16;
constexpr Column kAiCropAccepted = 17;
constexpr Column kNumColumns = 18;

constexpr std::array<std::string_view, kNumColumns> kNames = {
    "group_id",          "timestamp",
    "project_id",        "directory",
    "batch_number",      "images",
    "ai_selected_index", "ai_crop_coords",
    "ai_confidence",     "user_selected_index",
    "user_action",       "final_crop_coords",
    "crop_timestamp",    "image_width",
    "image_height",      "selection_match",
    "crop_match",        "ai_crop_accepted"};

/// As a statement counts columns.
int position(Column column) { return static_cast<int>(column); }

/// One row, whose columns may be absent and whose values may be of any type. Every error says which
/// column it is about.
class RowReader {
 public:
  RowReader(db::Statement& row, const std::array<bool, kNumColumns>& has) : row_(row), has_(has) {}

  /// Errors: kInvalidInput, kCorrupt.
  Result<Decision> read() {
    Decision decision;
    ASSIGN_OR_RETURN(decision.group_id, required_text(kGroupId));
    decision.timestamp = text(kTimestamp).value_or("");
    decision.project_id = text(kProjectId).value_or("");
    decision.directory = text(kDirectory);
    ASSIGN_OR_RETURN(decision.batch_number, integer(kBatchNumber));
    ASSIGN_OR_RETURN(const std::string images, required_text(kImages));
    ASSIGN_OR_RETURN(decision.images, with_context(images_from_json(images), kNames[kImages]));
    ASSIGN_OR_RETURN(decision.ai_selected_index, index(kAiSelectedIndex, decision));
    ASSIGN_OR_RETURN(decision.ai_crop_coords, coords(kAiCropCoords));
    ASSIGN_OR_RETURN(decision.ai_confidence, real(kAiConfidence));
    ASSIGN_OR_RETURN(decision.user_selected_index, index(kUserSelectedIndex, decision));
    decision.user_action = text(kUserAction);
    ASSIGN_OR_RETURN(decision.final_crop_coords, coords(kFinalCropCoords));
    decision.crop_timestamp = text(kCropTimestamp);
    ASSIGN_OR_RETURN(decision.image_width, integer(kImageWidth));
    ASSIGN_OR_RETURN(decision.image_height, integer(kImageHeight));
    ASSIGN_OR_RETURN(decision.selection_match, boolean(kSelectionMatch));
    ASSIGN_OR_RETURN(decision.crop_match, boolean(kCropMatch));
    ASSIGN_OR_RETURN(decision.ai_crop_accepted, boolean(kAiCropAccepted));
    return decision;
  }

 private:
  bool is_absent(Column column) const { return !has_.at(column) || row_.is_null(position(column)); }

  std::optional<std::string> text(Column column) const {
    return is_absent(column) ? std::nullopt : row_.optional_text(position(column));
  }

  // Errors of all that follow: kInvalidInput.

  Result<std::string> required_text(Column column) const {
    std::optional<std::string> value = text(column);
    if (!value || value->empty())
      return invalid_input(fmt::format("{} is empty", kNames.at(column)));
    return std::move(*value);
  }

  Result<std::optional<std::int64_t>> integer(Column column) const {
    if (is_absent(column)) return std::nullopt;
    if (row_.type(position(column)) != db::ValueType::kInteger) {
      return invalid_input(fmt::format("{} is no integer", kNames.at(column)));
    }
    return row_.integer(position(column));
  }

  Result<std::optional<std::int64_t>> index(Column column, const Decision& decision) const {
    ASSIGN_OR_RETURN(const std::optional<std::int64_t> value, integer(column));
    if (value && (*value < 0 || std::cmp_greater_equal(*value, decision.images.size()))) {
      return invalid_input(fmt::format("{} is {}, but the group has {} images", kNames.at(column),
                                       *value, decision.images.size()));
    }
    return value;
  }

  Result<std::optional<bool>> boolean(Column column) const {
    ASSIGN_OR_RETURN(const std::optional<std::int64_t> value, integer(column));
    if (!value) return std::nullopt;
    if (*value != 0 && *value != 1) {
      return invalid_input(fmt::format("{} is neither 0 nor 1", kNames.at(column)));
    }
    return *value == 1;
  }

  Result<std::optional<double>> real(Column column) const {
    if (is_absent(column)) return std::nullopt;
    const db::ValueType type = row_.type(position(column));
    if (type != db::ValueType::kReal && type != db::ValueType::kInteger) {
      return invalid_input(fmt::format("{} is no number", kNames.at(column)));
    }
    return row_.real(position(column));
  }

  Result<std::optional<CropBox>> coords(Column column) const {
    const std::optional<std::string> value = text(column);
    // The old scripts wrote a JSON null for no crop too.
    if (!value || *value == "null") return std::nullopt;
    ASSIGN_OR_RETURN(const CropBox box, with_context(coords_from_json(*value), kNames.at(column)));
    return box;
  }

  db::Statement& row_;
  const std::array<bool, kNumColumns>& has_;
};

}  // namespace

Result<std::vector<std::string>> decision_columns(db::Database& database) {
  ASSIGN_OR_RETURN(db::Statement names,
                   database.prepare("SELECT name FROM pragma_table_info('ai_decisions')"));
  std::vector<std::string> columns;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, names.step());
    if (!has_row) return columns;
    columns.emplace_back(names.text(0));
  }
}

Result<DecisionTable> read_decisions(db::Database& database) {
  DecisionTable table;
  ASSIGN_OR_RETURN(table.columns, decision_columns(database));
  if (table.columns.empty()) {
    return invalid_input(
        fmt::format("{}: no table ai_decisions; is it a database of decisions?", database.name()));
  }
  std::array<bool, kNumColumns> has{};
  std::string sql;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    has.at(i) = std::ranges::count(table.columns, kNames.at(i)) > 0;
    sql += (sql.empty() ? "SELECT " : ", ") + (has.at(i) ? std::string(kNames.at(i)) : "NULL");
  }
  if (!has[kGroupId] || !has[kImages]) {
    return invalid_input(fmt::format("{}: the table ai_decisions has no column {}", database.name(),
                                     kNames.at(has[kGroupId] ? kImages : kGroupId)));
  }
  ASSIGN_OR_RETURN(db::Statement rows,
                   database.prepare(sql + " FROM ai_decisions ORDER BY group_id"));
  for (std::size_t number = 1;; ++number) {
    ASSIGN_OR_RETURN(const bool has_row, rows.step());
    if (!has_row) return table;
    Result<Decision> decision = RowReader(rows, has).read();
    if (decision) {
      table.decisions.push_back(std::move(*decision));
    } else {
      const std::string id = rows.optional_text(position(kGroupId)).value_or("");
      table.bad_rows.push_back({.row = id.empty() ? fmt::format("row {}", number) : id,
                                .problem = decision.error().message});
    }
  }
}

std::vector<std::string_view> all_decision_columns() { return {kNames.begin(), kNames.end()}; }

Status create_decision_table(db::Database& database) { return database.execute(kTable); }

Result<DecisionInserter> DecisionInserter::prepare(db::Database& database,
                                                   std::span<const std::string> columns) {
  std::vector<bool> has_column;
  std::vector<std::string_view> names;
  for (const std::string_view name : kNames) {
    has_column.push_back(std::ranges::count(columns, name) > 0);
    if (has_column.back()) names.push_back(name);
  }
  const std::vector<std::string_view> parameters(names.size(), "?");
  ASSIGN_OR_RETURN(
      db::Statement statement,
      database.prepare(fmt::format("INSERT INTO ai_decisions ({}) VALUES ({})",
                                   fmt::join(names, ", "), fmt::join(parameters, ", "))));
  return DecisionInserter(std::move(statement), std::move(has_column));
}

Status DecisionInserter::insert(const Decision& decision) {
  for (const std::optional<std::int64_t>& index :
       {decision.ai_selected_index, decision.user_selected_index}) {
    if (index && std::cmp_greater_equal(*index, decision.images.size())) {
      return invalid_input(
          fmt::format("group {}: index {} is selected, but the group has {} images",
                      decision.group_id, *index, decision.images.size()));
    }
  }
  int parameter = 0;
  // The column's parameter, or 0 when the table has none.
  const auto next = [&](Column column) { return has_column_[column] ? ++parameter : 0; };
  const auto text = [&](Column column, const std::optional<std::string_view>& value) {
    if (const int number = next(column); number > 0) statement_.bind_text(number, value);
  };
  const auto integer = [&](Column column, std::optional<std::int64_t> value) {
    if (const int number = next(column); number > 0) statement_.bind_integer(number, value);
  };
  const auto coords = [&](Column column, const std::optional<CropBox>& box) {
    const std::string json = box ? coords_to_json(*box) : std::string();
    text(column, box ? std::optional<std::string_view>(json) : std::nullopt);
  };
  const auto boolean = [&](Column column, std::optional<bool> value) {
    integer(column, value ? std::optional<std::int64_t>(*value ? 1 : 0) : std::nullopt);
  };
  text(kGroupId, decision.group_id);
  // Empty is not known: what must be known is then refused by the table.
  const auto known_text = [&](Column column, const std::string& value) {
    text(column, value.empty() ? std::nullopt : std::optional<std::string_view>(value));
  };
  known_text(kTimestamp, decision.timestamp);
  known_text(kProjectId, decision.project_id);
  text(kDirectory, decision.directory);
  integer(kBatchNumber, decision.batch_number);
  text(kImages, images_to_json(decision.images));
  integer(kAiSelectedIndex, decision.ai_selected_index);
  coords(kAiCropCoords, decision.ai_crop_coords);
  if (const int number = next(kAiConfidence); number > 0) {
    statement_.bind_real(number, decision.ai_confidence);
  }
  integer(kUserSelectedIndex, decision.user_selected_index);
  text(kUserAction, decision.user_action);
  coords(kFinalCropCoords, decision.final_crop_coords);
  text(kCropTimestamp, decision.crop_timestamp);
  integer(kImageWidth, decision.image_width);
  integer(kImageHeight, decision.image_height);
  boolean(kSelectionMatch, decision.selection_match);
  boolean(kCropMatch, decision.crop_match);
  boolean(kAiCropAccepted, decision.ai_crop_accepted);
  return with_context(statement_.run(), fmt::format("group {}", decision.group_id));
}

}  // namespace assay::decisions

/// \file
/// The rules that a row of ai_decisions is held to.

#pragma once

#include "core/result.h"
#include "db/database.h"
#include "decisions/decision.h"
#include "decisions/validate.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay::decisions {

enum class RowRules : std::uint8_t { kAll, kOld };

/// Goes through the rows of a table that may lack columns and hold values of any type.
class RowChecks {
 public:
  /// Errors: as db::Database.
  static Result<RowChecks> prepare(db::Database& database, const std::vector<std::string>& columns,
                                   RowRules rules);

  /// Go to the next row; false after the last. Errors: as db::Database.
  Result<bool> step();
  bool has_ai_prediction() const;
  bool has_user_data() const;
  /// What is wrong with the row.
  std::vector<Finding> check();

 private:
  RowChecks(db::Statement rows, std::map<std::string, int, std::less<>> positions, RowRules rules)
      : rows_(std::move(rows)), positions_(std::move(positions)), rules_(rules) {}

  bool has_all_rules() const { return rules_ == RowRules::kAll; }
  bool has_column(std::string_view column) const { return positions_.contains(column); }
  /// The column is there and not null.
  bool has_value(std::string_view column) const;
  std::string text(std::string_view column) const;
  /// Nothing when it is null, absent, or no integer; the last is noted under `rule`.
  std::optional<std::int64_t> integer(std::string_view column, Rule rule);
  void note(Rule rule, std::string text);

  void check_required();
  void check_images();
  std::optional<CropBox> check_coords(std::string_view column);
  void check_index(std::string_view column, Rule rule);
  void check_dimensions();
  void check_user_action();
  void check_confidence();
  void check_timestamp();
  void check_flags(const std::optional<CropBox>& ai_crop, const std::optional<CropBox>& user_crop);
  void check_flag(std::string_view column, std::optional<bool> expected);

  db::Statement rows_;
  std::map<std::string, int, std::less<>> positions_;
  RowRules rules_;
  std::size_t row_number_ = 0;
  std::string row_;                  // what the findings call it
  std::vector<std::string> images_;  // none when they cannot be read
  std::vector<Finding> findings_;
  std::unordered_map<std::string, std::string> group_of_image_;
};

}  // namespace assay::decisions

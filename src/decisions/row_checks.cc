#include "core/timestamp.h"
#include "decisions/row_checks_internal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace assay::decisions {
namespace {

/// The old tools know groups of up to four.
constexpr std::int64_t kMaxOldIndex = 3;

constexpr std::array<std::string_view, 6> kRequired = {"group_id", "timestamp",   "project_id",
                                                       "images",   "image_width", "image_height"};
constexpr std::array<std::string_view, 3> kActions = {"approve", "crop", "reject"};

bool is_in_range(const CropBox& box) {
  return std::ranges::all_of(std::array{box.x1, box.y1, box.x2, box.y2},
                             [](double value) { return 0 <= value && value <= 1; });
}

}  // namespace

Result<RowChecks> RowChecks::prepare(db::Database& database,
                                     const std::vector<std::string>& columns, RowRules rules) {
  std::map<std::string, int, std::less<>> positions;
  std::vector<std::string> quoted;
  for (const std::string& column : columns) {
    positions.emplace(column, static_cast<int>(quoted.size()));
    quoted.push_back(db::quote_identifier(column));
  }
  ASSIGN_OR_RETURN(db::Statement rows,
                   database.prepare(fmt::format("SELECT {} FROM ai_decisions ORDER BY rowid",
                                                fmt::join(quoted, ", "))));
  return RowChecks(std::move(rows), std::move(positions), rules);
}

Result<bool> RowChecks::step() {
  ASSIGN_OR_RETURN(const bool has_row, rows_.step());
  if (!has_row) return false;
  row_ = has_value("group_id") ? text("group_id") : "";
  ++row_number_;
  if (row_.empty()) row_ = fmt::format("row {}", row_number_);
  return true;
}

bool RowChecks::has_value(std::string_view column) const {
  const auto position = positions_.find(column);
  return position != positions_.end() && !rows_.is_null(position->second);
}

std::string RowChecks::text(std::string_view column) const {
  return std::string(rows_.text(positions_.find(column)->second));
}

bool RowChecks::has_ai_prediction() const { return has_value("ai_selected_index"); }

bool RowChecks::has_user_data() const {
  return has_value("user_selected_index") || has_value("user_action");
}

void RowChecks::note(Rule rule, std::string text) {
  findings_.push_back({.rule = rule, .row = row_, .text = std::move(text)});
}

std::optional<std::int64_t> RowChecks::integer(std::string_view column, Rule rule) {
  if (!has_value(column)) return std::nullopt;
  const int position = positions_.find(column)->second;
  if (rows_.type(position) != db::ValueType::kInteger) {
    note(rule, fmt::format("{} is no integer", column));
    return std::nullopt;
  }
  return rows_.integer(position);
}

std::vector<Finding> RowChecks::check() {
  findings_.clear();
  check_required();
  check_images();
  const std::optional<CropBox> ai_crop = check_coords("ai_crop_coords");
  const std::optional<CropBox> user_crop = check_coords("final_crop_coords");
  check_user_action();
  check_dimensions();
  check_index("user_selected_index", Rule::kUserIndex);
  if (has_all_rules()) {
    check_index("ai_selected_index", Rule::kAiIndex);
    check_confidence();
    check_timestamp();
    check_flags(ai_crop, user_crop);
    if (has_value("user_selected_index") != has_value("user_action") &&
        has_column("user_selected_index") && has_column("user_action")) {
      note(Rule::kUserData, "of user_selected_index and user_action only one is there");
    }
  }
  return std::move(findings_);
}

void RowChecks::check_required() {
  for (const std::string_view column : kRequired) {
    if (has_column(column) && !has_value(column)) {
      note(Rule::kValues, fmt::format("{} is null", column));
    }
  }
}

void RowChecks::check_images() {
  images_.clear();
  if (!has_value("images")) return;
  auto images = images_from_json(text("images"));
  if (!images) {
    note(Rule::kJson, fmt::format("images: {}", images.error().message));
    return;
  }
  images_ = std::move(*images);
  if (!has_all_rules()) return;
  std::vector<std::string> sorted = images_;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    note(Rule::kDuplicates, fmt::format("{} is twice in the group", *twice));
  }
  for (const std::string& image : images_) {
    // Names alone say nothing across folders, so the folder is part of it.
    const std::string key =
        (has_value("directory") ? text("directory") : std::string()) + "/" + image;
    const auto [place, is_new] = group_of_image_.try_emplace(key, row_);
    if (!is_new && place->second != row_) {
      note(Rule::kDuplicates, fmt::format("{} is in the group {} too", image, place->second));
    }
  }
}

std::optional<CropBox> RowChecks::check_coords(std::string_view column) {
  if (!has_value(column)) return std::nullopt;
  const std::string json = text(column);
  if (json == "null") return std::nullopt;
  const auto box = coords_from_json(json);
  if (!box) {
    note(Rule::kJson, fmt::format("{}: {}", column, box.error().message));
    return std::nullopt;
  }
  if (!is_in_range(*box)) {
    note(Rule::kCoordinates,
         fmt::format("{} is {}: expected numbers from 0 to 1", column, coords_to_json(*box)));
  } else if (has_all_rules() && !is_within_image(*box)) {
    note(Rule::kBoxOrder,
         fmt::format("{} is {}: expected x1 < x2 and y1 < y2", column, coords_to_json(*box)));
  }
  return *box;
}

void RowChecks::check_index(std::string_view column, Rule rule) {
  const std::optional<std::int64_t> index = integer(column, rule);
  if (!index) return;
  if (!has_all_rules()) {
    if (*index < 0 || *index > kMaxOldIndex) {
      note(rule, fmt::format("{} is {}: expected 0 to {}", column, *index, kMaxOldIndex));
    }
  } else if (*index < 0 || (!images_.empty() && std::cmp_greater_equal(*index, images_.size()))) {
    note(rule,
         fmt::format("{} is {}, but the group has {} images", column, *index, images_.size()));
  }
}

void RowChecks::check_dimensions() {
  for (const std::string_view column : {"image_width", "image_height"}) {
    const std::optional<std::int64_t> size = integer(column, Rule::kDimensions);
    if (size && *size <= 0) note(Rule::kDimensions, fmt::format("{} is {}", column, *size));
  }
}

void RowChecks::check_user_action() {
  if (!has_value("user_action")) return;
  const std::string action = text("user_action");
  if (std::ranges::count(kActions, action) == 0) {
    note(Rule::kUserAction, fmt::format("user_action is '{}': expected approve, crop or reject",
                                        std::string_view(action).substr(0, 40)));
  }
}

void RowChecks::check_confidence() {
  if (!has_value("ai_confidence")) return;
  const int position = positions_.find("ai_confidence")->second;
  const db::ValueType type = rows_.type(position);
  const bool is_number = type == db::ValueType::kReal || type == db::ValueType::kInteger;
  if (!is_number || rows_.real(position) < 0 || rows_.real(position) > 1) {
    note(Rule::kConfidence, fmt::format("ai_confidence is {}: expected a number from 0 to 1",
                                        rows_.text(position).substr(0, 40)));
  }
}

void RowChecks::check_timestamp() {
  if (!has_value("timestamp")) return;
  const std::string timestamp = text("timestamp");
  if (!parse_timestamp(timestamp)) {
    note(Rule::kTimestamp, fmt::format("timestamp is '{}': expected an instant such as "
                                       "2025-11-01T12:00:00Z",
                                       std::string_view(timestamp).substr(0, 40)));
  }
}

void RowChecks::check_flags(const std::optional<CropBox>& ai_crop,
                            const std::optional<CropBox>& user_crop) {
  std::optional<bool> is_same_image;
  if (has_value("ai_selected_index") && has_value("user_selected_index")) {
    is_same_image = text("ai_selected_index") == text("user_selected_index");
  }
  std::optional<bool> is_same_crop;
  if (ai_crop && user_crop) is_same_crop = crops_match(*ai_crop, *user_crop);
  check_flag("selection_match", is_same_image);
  check_flag("crop_match", is_same_crop);
  check_flag("ai_crop_accepted", std::nullopt);
}

void RowChecks::check_flag(std::string_view column, std::optional<bool> expected) {
  const std::optional<std::int64_t> flag = integer(column, Rule::kMatchFlags);
  if (!flag) return;
  if (*flag != 0 && *flag != 1) {
    note(Rule::kMatchFlags, fmt::format("{} is {}: expected 0 or 1", column, *flag));
  } else if (expected && *expected != (*flag == 1)) {
    note(Rule::kMatchFlags,
         fmt::format("{} is {}, but the row says {}", column, *flag, *expected ? 1 : 0));
  }
}

}  // namespace assay::decisions

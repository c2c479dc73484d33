#include "decision_merge/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

namespace assay::decision_merge {
namespace {

using decisions::Decision;
using decisions::DecisionTable;

constexpr std::int64_t kMaxOldIndex = 3;
/// Final crops that differ by less are the same, measured twice.
constexpr double kSameCropTolerance = 0.01;

/// The index in `to` of the image that `index` means in `from`.
std::optional<std::int64_t> remap(std::int64_t index, std::span<const std::string> from,
                                  std::span<const std::string> to) {
  const std::string_view wanted = decisions::base_name_of(from[static_cast<std::size_t>(index)]);
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (decisions::base_name_of(to[i]) == wanted) return static_cast<std::int64_t>(i);
  }
  return std::nullopt;
}

class Planner {
 public:
  explicit Planner(const DecisionTable& real) : real_(real) {
    for (std::size_t row = 0; row < real.decisions.size(); ++row) {
      for (const std::string& image : real.decisions[row].images) {
        rows_of_image_[decisions::base_name_of(image)].push_back(row);
      }
      rows_of_id_.insert(real.decisions[row].group_id);
    }
    for (const decisions::BadRow& bad : real.bad_rows) rows_of_id_.insert(bad.row);
  }

  void add(const Decision& prediction) {
    const std::vector<std::size_t> rows = matches(prediction);
    if (rows.empty()) {
      add_group(prediction);
    } else if (rows.size() > 1) {
      conflict(ConflictKind::kSeveralGroups, prediction,
               fmt::format("its images are in {} groups, such as {} and {}", rows.size(),
                           real_.decisions[rows[0]].group_id, real_.decisions[rows[1]].group_id));
    } else if (!matched_.insert(rows.front()).second) {
      conflict(ConflictKind::kMatchedBefore, prediction,
               fmt::format("another row was merged into {} before",
                           real_.decisions[rows.front()].group_id));
    } else {
      merge_into(real_.decisions[rows.front()], prediction);
    }
  }

  void add(const decisions::BadRow& bad) {
    plan_.conflicts.push_back(
        {.kind = ConflictKind::kBadRow, .group_id = bad.row, .text = bad.problem});
  }

  MergePlan take() { return std::move(plan_); }

 private:
  void conflict(ConflictKind kind, const Decision& prediction, std::string text) {
    plan_.conflicts.push_back(
        {.kind = kind, .group_id = prediction.group_id, .text = std::move(text)});
  }

  /// The rows that share an image with it; the one that shares all of them with it, if one does.
  std::vector<std::size_t> matches(const Decision& prediction) const {
    std::map<std::size_t, std::size_t> num_shared;
    for (const std::string& image : prediction.images) {
      const auto found = rows_of_image_.find(decisions::base_name_of(image));
      if (found == rows_of_image_.end()) continue;
      for (const std::size_t row : found->second) ++num_shared[row];
    }
    std::vector<std::size_t> rows;
    std::vector<std::size_t> whole;
    for (const auto& [row, count] : num_shared) {
      rows.push_back(row);
      if (count == prediction.images.size() && count == real_.decisions[row].images.size()) {
        whole.push_back(row);
      }
    }
    // Folders of one project may repeat the names of files.
    keep_those(whole, [&](const Decision& row) {
      return row.directory && row.directory == prediction.directory;
    });
    keep_those(whole, [&](const Decision& row) { return row.group_id == prediction.group_id; });
    return whole.size() == 1 ? whole : rows;
  }

  /// Leave only the rows of which `is_meant` holds, unless it holds of none.
  void keep_those(std::vector<std::size_t>& rows,
                  const std::function<bool(const Decision&)>& is_meant) const {
    std::vector<std::size_t> meant;
    std::ranges::copy_if(rows, std::back_inserter(meant),
                         [&](std::size_t row) { return is_meant(real_.decisions[row]); });
    if (!meant.empty()) rows = std::move(meant);
  }

  void add_group(const Decision& prediction) {
    if (rows_of_id_.contains(prediction.group_id)) {
      conflict(ConflictKind::kIdTaken, prediction, "a group of this id has other images");
    } else if (std::max(prediction.ai_selected_index.value_or(0),
                        prediction.user_selected_index.value_or(0)) > kMaxOldIndex) {
      conflict(ConflictKind::kIndexTooLarge, prediction,
               fmt::format("an index over {} is selected", kMaxOldIndex));
    } else {
      rows_of_id_.insert(prediction.group_id);
      plan_.additions.push_back(prediction);
      plan_.taken.push_back(carried(prediction, prediction));
      plan_.same_choice.push_back(plan_.taken.back());
    }
  }

  static decisions::CarriedGroup carried(const Decision& prediction, const Decision& row) {
    decisions::CarriedGroup group{.from = prediction.group_id, .to = row.group_id};
    for (std::size_t i = 0; i < prediction.images.size(); ++i) {
      group.indexes.push_back(remap(static_cast<std::int64_t>(i), prediction.images, row.images));
    }
    return group;
  }

  /// Nothing when the index cannot be used; the conflict is then told.
  std::optional<std::int64_t> index_in(const Decision& row, const Decision& prediction,
                                       std::int64_t index) {
    const std::optional<std::int64_t> mapped = remap(index, prediction.images, row.images);
    if (!mapped) {
      conflict(ConflictKind::kOtherImages, prediction,
               fmt::format("{} is selected, which is not in {}",
                           prediction.images[static_cast<std::size_t>(index)], row.group_id));
    } else if (*mapped > kMaxOldIndex) {
      conflict(ConflictKind::kIndexTooLarge, prediction,
               fmt::format("image {} of {} is selected; the old tools know indexes up to {}",
                           *mapped, row.group_id, kMaxOldIndex));
    } else {
      return mapped;
    }
    return std::nullopt;
  }

  template <typename T>
  void set(const std::string& group_id, std::string_view column, T value) {
    if (std::ranges::count(real_.columns, column) == 0) return;
    plan_.changes.push_back(
        {.group_id = group_id, .column = std::string(column), .value = std::move(value)});
  }

  void merge_into(const Decision& row, const Decision& prediction) {
    ++plan_.num_matched;
    const std::size_t num_before = plan_.changes.size() + plan_.conflicts.size();
    Decision merged = row;
    fill_prediction(merged, prediction);
    fill_user_data(merged, prediction);
    if (has_same_choice(merged, prediction)) {
      plan_.same_choice.push_back(carried(prediction, row));
    }
    fill_matches(merged);
    if (plan_.changes.size() + plan_.conflicts.size() == num_before) ++plan_.num_unchanged;
  }

  /// Crop and confidence are of the selected image: they come with it or not at all.
  void fill_prediction(Decision& row, const Decision& prediction) {
    if (!prediction.ai_selected_index) return;
    const auto index = index_in(row, prediction, *prediction.ai_selected_index);
    if (!index) return;
    if (row.ai_selected_index && row.ai_selected_index != index) {
      ++plan_.num_other_prediction;
      return;
    }
    if (!row.ai_selected_index) {
      row.ai_selected_index = index;
      set(row.group_id, "ai_selected_index", *index);
      plan_.taken.push_back(carried(prediction, row));
    }
    if (!row.ai_crop_coords && prediction.ai_crop_coords) {
      row.ai_crop_coords = prediction.ai_crop_coords;
      set(row.group_id, "ai_crop_coords", decisions::coords_to_json(*row.ai_crop_coords));
    }
    if (!row.ai_confidence && prediction.ai_confidence) {
      row.ai_confidence = prediction.ai_confidence;
      set(row.group_id, "ai_confidence", *row.ai_confidence);
    }
  }

  /// What was found out about the user's choice later; a choice that is there stays.
  void fill_user_data(Decision& row, const Decision& prediction) {
    if (prediction.user_selected_index && !row.user_selected_index) {
      const auto index = index_in(row, prediction, *prediction.user_selected_index);
      if (!index) return;
      row.user_selected_index = index;
      set(row.group_id, "user_selected_index", *index);
      replace_size(row, prediction);
    }
    const bool is_same_image = !prediction.user_selected_index ||
                               row.user_selected_index == remap(*prediction.user_selected_index,
                                                                prediction.images, row.images);
    if (is_same_image && prediction.user_action && !row.user_action) {
      row.user_action = prediction.user_action;
      set(row.group_id, "user_action", *row.user_action);
    }
    if (!prediction.final_crop_coords) return;
    const bool is_same_action =
        !prediction.user_action || row.user_action == prediction.user_action;
    if (!is_same_image || !is_same_action) {
      conflict(ConflictKind::kOtherChoice, prediction,
               fmt::format("its final crop is of another {} than is chosen in {}, which stays",
                           is_same_image ? "action" : "image", row.group_id));
    } else if (!row.final_crop_coords) {
      row.final_crop_coords = prediction.final_crop_coords;
      set(row.group_id, "final_crop_coords", decisions::coords_to_json(*row.final_crop_coords));
    } else if (!decisions::crops_match(*row.final_crop_coords, *prediction.final_crop_coords,
                                       kSameCropTolerance)) {
      conflict(ConflictKind::kOtherCrop, prediction,
               fmt::format("its final crop is {}, that of {} stays {}",
                           decisions::coords_to_json(*prediction.final_crop_coords), row.group_id,
                           decisions::coords_to_json(*row.final_crop_coords)));
    }
  }

  /// The row has one size: until a user picks it is that of the model's image.
  void replace_size(Decision& row, const Decision& prediction) {
    if (!prediction.image_width || !prediction.image_height) return;
    if (row.image_width != prediction.image_width) {
      row.image_width = prediction.image_width;
      set(row.group_id, "image_width", *row.image_width);
    }
    if (row.image_height != prediction.image_height) {
      row.image_height = prediction.image_height;
      set(row.group_id, "image_height", *row.image_height);
    }
  }

  static bool has_same_choice(const Decision& row, const Decision& prediction) {
    if (row.user_action != prediction.user_action ||
        row.user_selected_index.has_value() != prediction.user_selected_index.has_value()) {
      return false;
    }
    if (row.user_selected_index &&
        row.user_selected_index !=
            remap(*prediction.user_selected_index, prediction.images, row.images)) {
      return false;
    }
    return !row.final_crop_coords || !prediction.final_crop_coords ||
           decisions::crops_match(*row.final_crop_coords, *prediction.final_crop_coords,
                                  kSameCropTolerance);
  }

  void fill_matches(const Decision& row) {
    if (!row.ai_selected_index || !row.user_selected_index) return;
    const bool is_same = row.ai_selected_index == row.user_selected_index;
    if (!row.selection_match) set(row.group_id, "selection_match", std::int64_t{is_same ? 1 : 0});
    // Crops of two images cannot be compared.
    if (is_same && !row.crop_match && row.ai_crop_coords && row.final_crop_coords) {
      const bool matches = decisions::crops_match(*row.ai_crop_coords, *row.final_crop_coords);
      set(row.group_id, "crop_match", std::int64_t{matches ? 1 : 0});
    }
  }

  const DecisionTable& real_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> rows_of_image_;
  std::set<std::string, std::less<>> rows_of_id_;
  std::set<std::size_t> matched_;
  MergePlan plan_;
};

}  // namespace

std::string_view to_string(ConflictKind kind) {
  switch (kind) {
    case ConflictKind::kBadRow:
      return "bad_row";
    case ConflictKind::kSeveralGroups:
      return "several_groups";
    case ConflictKind::kMatchedBefore:
      return "matched_before";
    case ConflictKind::kOtherImages:
      return "other_images";
    case ConflictKind::kIndexTooLarge:
      return "index_too_large";
    case ConflictKind::kOtherCrop:
      return "other_crop";
    case ConflictKind::kOtherChoice:
      return "other_choice";
    case ConflictKind::kIdTaken:
      return "id_taken";
    case ConflictKind::kCannotAdd:
      return "cannot_add";
  }
  std::unreachable();
}

MergePlan plan_merge(const DecisionTable& predictions, const DecisionTable& real) {
  Planner planner(real);
  for (const Decision& prediction : predictions.decisions) planner.add(prediction);
  for (const decisions::BadRow& bad : predictions.bad_rows) planner.add(bad);
  return planner.take();
}

}  // namespace assay::decision_merge

#include "review/evaluate.h"

#include "grouping/image_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace assay::review {
namespace {

using decisions::CropBox;
using decisions::Decision;

using Slices = std::map<std::string, EvaluationSlice>;

grouping::Stage stage_of(const Decision& row, std::size_t image) {
  return grouping::parse_image_name(row.images[image]).stage;
}

std::size_t highest_stage(const Decision& row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.images.size(); ++i) {
    if (stage_of(row, i) >= stage_of(row, best)) best = i;
  }
  return best;
}

void add_selection(SelectionTally& tally, const Decision& row) {
  const auto chosen = static_cast<std::size_t>(row.user_selected_index.value_or(0));
  const auto predicted = static_cast<std::size_t>(row.ai_selected_index.value_or(0));
  const std::size_t highest = highest_stage(row);
  const std::array<std::size_t, kNumSelectors> selected = {predicted, highest, 0};
  ++tally.num_groups;
  for (std::size_t i = 0; i < kNumSelectors; ++i) {
    tally.num_right.at(i) += selected.at(i) == chosen ? 1 : 0;
  }
  tally.num_right_by_chance += 1.0 / static_cast<double>(row.images.size());
  if (stage_of(row, chosen) < stage_of(row, highest)) {
    ++tally.num_lower_stage;
    tally.num_lower_stage_right += predicted == chosen ? 1 : 0;
  }
}

/// Crops of two images cannot be compared.
bool has_comparable_crop(const Decision& row) {
  return row.user_action == "crop" && row.ai_crop_coords && row.final_crop_coords &&
         row.ai_selected_index == row.user_selected_index;
}

void add_crop(CropTally& tally, const Decision& row) {
  if (!has_comparable_crop(row)) return;
  const CropBox predicted = row.ai_crop_coords.value_or(CropBox());
  const CropBox chosen = row.final_crop_coords.value_or(CropBox());
  const std::array<CropBox, kNumCroppers> boxes = {predicted, kConstantCrop, CropBox()};
  ++tally.num_crops;
  for (std::size_t i = 0; i < kNumCroppers; ++i) {
    tally.sum_of_overlaps.at(i) += decisions::overlap(boxes.at(i), chosen);
    tally.num_within_tolerance.at(i) += decisions::crops_match(boxes.at(i), chosen) ? 1 : 0;
  }
}

void add(EvaluationSlice& slice, const Decision& row) {
  add_selection(slice.selection, row);
  add_crop(slice.crop, row);
}

void add(Slices& slices, const std::string& name, const Decision& row) {
  EvaluationSlice& slice = slices.try_emplace(name, EvaluationSlice{.name = name}).first->second;
  add(slice, row);
}

std::vector<EvaluationSlice> in_order(Slices slices) {
  std::vector<EvaluationSlice> ordered;
  for (auto& [name, slice] : slices) ordered.push_back(std::move(slice));
  return ordered;
}

void add_calibration(Evaluation& evaluation, const Decision& row) {
  if (!row.ai_confidence || *row.ai_confidence < 0 || *row.ai_confidence > 1) return;
  const std::size_t num_bins = evaluation.calibration.size();
  const auto number = static_cast<std::size_t>(*row.ai_confidence * static_cast<double>(num_bins));
  CalibrationBin& bin = evaluation.calibration.at(std::min(number, num_bins - 1));
  ++bin.num_groups;
  bin.sum_of_confidences += *row.ai_confidence;
  bin.num_right += row.ai_selected_index == row.user_selected_index ? 1 : 0;
}

double calibration_error(const Evaluation& evaluation) {
  double distance = 0;
  std::size_t num_groups = 0;
  for (const CalibrationBin& bin : evaluation.calibration) {
    // Weighted by its groups, so neither mean is divided.
    distance += std::abs(bin.sum_of_confidences - static_cast<double>(bin.num_right));
    num_groups += bin.num_groups;
  }
  return num_groups == 0 ? 0 : distance / static_cast<double>(num_groups);
}

}  // namespace

Evaluation evaluate(std::span<const DecisionSource> sources,
                    const std::set<std::string, std::less<>>& trained_on) {
  Evaluation evaluation;
  Slices by_use;
  Slices by_project;
  Slices by_group_size;
  Slices by_stage;
  using GroupName = std::pair<std::string_view, std::string_view>;  // project and group
  std::set<GroupName> counted_before;
  for (const DecisionSource& source : sources) {
    std::set<GroupName> counted;
    for (const Decision& row : source.table.decisions) {
      const GroupName name(row.project_id, row.group_id);
      if (counted_before.contains(name)) {
        ++evaluation.num_counted_before;
        continue;
      }
      if (row.user_action == "reject") {
        counted.insert(name);
        ++evaluation.num_rejected;
        continue;
      }
      if (!row.ai_selected_index || !row.user_selected_index) {
        ++evaluation.num_without_both;
        continue;
      }
      counted.insert(name);
      add(evaluation.all, row);
      if (!trained_on.empty()) {
        add(by_use, trained_on.contains(row.project_id) ? "training" : "test", row);
      }
      add(by_project, row.project_id, row);
      add(by_group_size, fmt::format("{} images", row.images.size()), row);
      const auto chosen = static_cast<std::size_t>(*row.user_selected_index);
      add(by_stage, std::string(to_string(stage_of(row, chosen))), row);
      add_calibration(evaluation, row);
    }
    counted_before.merge(counted);
  }
  evaluation.by_use = in_order(std::move(by_use));
  evaluation.by_project = in_order(std::move(by_project));
  evaluation.by_group_size = in_order(std::move(by_group_size));
  evaluation.by_stage = in_order(std::move(by_stage));
  evaluation.calibration_error = calibration_error(evaluation);
  return evaluation;
}

}  // namespace assay::review

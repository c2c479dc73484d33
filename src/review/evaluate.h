/// \file
/// How good predictions were, held against what the user chose, beside rules that need no model.

#pragma once

#include "core/result.h"
#include "review/export_decisions.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace assay::review {

/// Whose selections are counted.
enum class Selector : std::uint8_t {
  kModel,
  kHighestStage,  ///< The last image of the highest stage.
  kFirstImage,
};
inline constexpr std::size_t kNumSelectors = 3;

/// Whose crops are measured.
enum class Cropper : std::uint8_t {
  kModel,
  kConstantBox,  ///< kConstantCrop for every image.
  kFullFrame,
};
inline constexpr std::size_t kNumCroppers = 3;

/// The median of 7,194 crops that people made: what a model has to beat.
inline constexpr decisions::CropBox kConstantCrop{.x1 = 0.116, .y1 = 0, .x2 = 0.874, .y2 = 0.755};

/// Groups with a prediction of which the user took an image.
struct SelectionTally {
  std::size_t num_groups = 0;
  std::array<std::size_t, kNumSelectors> num_right{};
  /// Of the groups where the user took an image of a lower stage than the highest.
  std::size_t num_lower_stage = 0;
  std::size_t num_lower_stage_right = 0;
  /// What guessing would get right: the sum of 1 / images of the group.
  double num_right_by_chance = 0;
};

/// Groups that the user cropped, with a proposed crop of the same image.
struct CropTally {
  std::size_t num_crops = 0;
  std::array<double, kNumCroppers> sum_of_overlaps{};
  /// All four coordinates within a twentieth.
  std::array<std::size_t, kNumCroppers> num_within_tolerance{};
};

struct EvaluationSlice {
  std::string name;
  SelectionTally selection = {};
  CropTally crop = {};
};

/// Predictions whose confidence lies in a tenth of 0 to 1.
struct CalibrationBin {
  std::size_t num_groups = 0;
  double sum_of_confidences = 0;
  std::size_t num_right = 0;
};

struct Evaluation {
  EvaluationSlice all{.name = "all"};
  /// `training` and `test` when some projects were trained on, `cropped` groups and so on. Order:
  /// by name within each.
  std::vector<EvaluationSlice> by_use = {};
  std::vector<EvaluationSlice> by_project = {};
  std::vector<EvaluationSlice> by_group_size = {};
  /// Of the image that the user took.
  std::vector<EvaluationSlice> by_stage = {};
  std::array<CalibrationBin, 10> calibration{};
  /// The mean distance of confidence from accuracy, weighted by groups.
  double calibration_error = 0;
  std::size_t num_rejected = 0;
  /// Groups without a prediction or without the user's choice.
  std::size_t num_without_both = 0;
  /// Groups that a source before has decided too: predictions beside the database they went into.
  std::size_t num_counted_before = 0;
};

/// Evaluate every group in which both a model and a user chose; rejected groups have no right image
/// and are only counted. A group of a project in several sources counts by the first. `trained_on`
/// names projects whose figures flatter the model.
Evaluation evaluate(std::span<const DecisionSource> sources,
                    const std::set<std::string, std::less<>>& trained_on);

std::string to_text(const Evaluation& evaluation);
/// One object: all, by_use, by_project, by_group_size, by_stage, calibration; shares from 0 to 1,
/// null where there is nothing to divide by.
std::string to_json(const Evaluation& evaluation);

}  // namespace assay::review

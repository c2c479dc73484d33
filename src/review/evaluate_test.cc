#include "review/evaluate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::review {
namespace {

using decisions::Decision;

Decision decided(std::int64_t predicted, std::int64_t chosen) {
  return {.group_id = "g",
          .project_id = "p",
          .images = {"20250705_120000_stage1_generated.png", "20250705_120001_stage2_upscaled.png"},
          .ai_selected_index = predicted,
          .ai_confidence = 0.75,
          .user_selected_index = chosen,
          .user_action = "approve"};
}

Evaluation evaluate_rows(std::vector<Decision> rows,
                         const std::set<std::string, std::less<>>& trained_on = {}) {
  DecisionSource source{.path = "p.db", .table = {}};
  source.table.decisions = std::move(rows);
  return evaluate(std::vector{source}, trained_on);
}

TEST(Evaluate, CountsTheModelBesideTheRules) {
  const Evaluation evaluation = evaluate_rows({decided(0, 0), decided(0, 1), decided(1, 1)});
  const SelectionTally& selection = evaluation.all.selection;
  EXPECT_EQ(selection.num_groups, 3);
  EXPECT_EQ(selection.num_right, (std::array<std::size_t, 3>{2, 2, 1}));
  EXPECT_DOUBLE_EQ(selection.num_right_by_chance, 1.5);
  // Once the user took the lower stage, and the model saw it.
  EXPECT_EQ(selection.num_lower_stage, 1);
  EXPECT_EQ(selection.num_lower_stage_right, 1);
  ASSERT_EQ(evaluation.by_stage.size(), 2);
  EXPECT_EQ(evaluation.by_stage[0].name, "stage1_generated");
  EXPECT_EQ(evaluation.by_group_size[0].name, "2 images");
}

TEST(Evaluate, RejectedAndUndecidedGroupsAreOnlyCounted) {
  Decision rejected = decided(0, 0);
  rejected.user_action = "reject";
  Decision open = decided(0, 0);
  open.user_selected_index = std::nullopt;
  const Evaluation evaluation = evaluate_rows({rejected, open});
  EXPECT_EQ(evaluation.all.selection.num_groups, 0);
  EXPECT_EQ(evaluation.num_rejected, 1);
  EXPECT_EQ(evaluation.num_without_both, 1);
  EXPECT_TRUE(to_json(evaluation).contains("\"model\": null"));
}

TEST(Evaluate, AGroupOfTwoDatabasesCountsOnce) {
  std::vector<DecisionSource> sources(2);
  sources[0].table.decisions = {decided(0, 0)};
  sources[1].table.decisions = {decided(0, 1)};
  sources[1].table.decisions.push_back(decided(0, 0));
  sources[1].table.decisions.back().project_id = "q";
  const Evaluation evaluation = evaluate(sources, {});
  EXPECT_EQ(evaluation.all.selection.num_groups, 2);
  EXPECT_EQ(evaluation.all.selection.num_right[0], 2);
  EXPECT_EQ(evaluation.num_counted_before, 1);
  EXPECT_TRUE(to_text(evaluation).contains(", 1 counted already by another database"));
}

TEST(Evaluate, CropsAreComparedForTheSameImageAlone) {
  Decision cropped = decided(1, 1);
  cropped.user_action = "crop";
  cropped.ai_crop_coords = decisions::CropBox{.x2 = 0.5};
  cropped.final_crop_coords = decisions::CropBox{.x2 = 0.5};
  Decision other = cropped;
  other.ai_selected_index = 0;
  Decision approved = cropped;
  approved.user_action = "approve";
  const CropTally crop = evaluate_rows({cropped, other, approved}).all.crop;
  EXPECT_EQ(crop.num_crops, 1);
  EXPECT_DOUBLE_EQ(crop.sum_of_overlaps[0], 1);
  EXPECT_DOUBLE_EQ(crop.sum_of_overlaps[1], decisions::overlap(kConstantCrop, {.x2 = 0.5}));
  EXPECT_DOUBLE_EQ(crop.sum_of_overlaps[2], 0.5);
  EXPECT_EQ(crop.num_within_tolerance, (std::array<std::size_t, 3>{1, 0, 0}));
}

TEST(Evaluate, ConfidenceIsHeldAgainstAccuracy) {
  Decision sure = decided(1, 1);
  sure.ai_confidence = 1;
  const Evaluation evaluation = evaluate_rows({decided(0, 0), decided(0, 1), sure});
  EXPECT_EQ(evaluation.calibration[7].num_groups, 2);
  EXPECT_EQ(evaluation.calibration[7].num_right, 1);
  EXPECT_EQ(evaluation.calibration[9].num_groups, 1);
  EXPECT_DOUBLE_EQ(evaluation.calibration_error, 0.5 / 3);
}

TEST(Evaluate, ProjectsThatWereTrainedOnStandApart) {
  Decision trained = decided(0, 0);
  trained.project_id = "mojo3";
  const Evaluation evaluation = evaluate_rows({trained, decided(0, 1)}, {"mojo3"});
  ASSERT_EQ(evaluation.by_use.size(), 2);
  EXPECT_EQ(evaluation.by_use[0].name, "test");
  EXPECT_EQ(evaluation.by_use[0].selection.num_right[0], 0);
  EXPECT_EQ(evaluation.by_use[1].selection.num_right[0], 1);
  EXPECT_TRUE(to_text(evaluation).contains("training: 1 group\n")) << to_text(evaluation);
}

}  // namespace
}  // namespace assay::review

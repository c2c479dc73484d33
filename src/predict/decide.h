/// \file
/// Which image of a group to take, how sure that is, and how to crop each.

#pragma once

#include "decisions/decision.h"
#include "models/manifest.h"
#include "models/mlp_head.h"
#include "predict/crop.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::predict {

struct DecideOptions {
  /// What each head was trained on. The old batch gave both vectors of length 1.
  models::EmbeddingForm ranker_embedding = models::EmbeddingForm::kRaw;
  models::EmbeddingForm crop_embedding = models::EmbeddingForm::kRaw;
  /// Width and height go to the crop head in units of so many pixels: 2,048 in training, 10,000 in
  /// the old batch.
  float size_divisor = 2048;
  CropOptions crop = {};
  /// A best score that leads by less is uncertain. The ranker was trained to keep its winners 0.5
  /// ahead.
  double min_margin = 0.5;
};

/// The heads. Lifetime: both outlive the deciding.
struct Heads {
  const models::MlpHead& ranker;
  const models::MlpHead& crop;
};

/// An image of a group. Shape: `embedding` [512], empty where there is none.
struct GroupMember {
  std::span<const float> embedding;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

struct MemberDecision {
  std::optional<double> score;
  /// Among the images of the group that have a score; they sum to 1.
  std::optional<double> softmax;
  std::optional<decisions::CropBox> crop;
  /// As the network gave it.
  std::optional<decisions::CropBox> raw_crop;
};

struct GroupDecision {
  /// The position of the best score, the first of equals; none without any.
  std::optional<std::size_t> selected;
  /// The softmax of the selected: from 1 / n for n images that say nothing to 1.
  std::optional<double> confidence;
  /// How far the best score leads; none for a single one.
  std::optional<double> margin;
  /// A person should look: the lead is small, or an image of the group could not be judged.
  bool is_uncertain = false;
  std::vector<MemberDecision> members;
};

/// Decide each group by itself; the heads are cheapest with some dozens of images at a time.
/// Order: the groups as given, `members` of each as given.
std::vector<GroupDecision> decide(const Heads& heads,
                                  std::span<const std::vector<GroupMember>> groups,
                                  const DecideOptions& options);

/// Decide one group.
GroupDecision decide(const Heads& heads, const std::vector<GroupMember>& members,
                     const DecideOptions& options);

}  // namespace assay::predict

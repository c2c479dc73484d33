#include "predict/decide.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace assay::predict {
namespace {

void append_in_form(std::vector<float>& inputs, std::span<const float> embedding,
                    models::EmbeddingForm form) {
  const std::size_t first = inputs.size();
  inputs.insert(inputs.end(), embedding.begin(), embedding.end());
  if (form == models::EmbeddingForm::kRaw) return;
  const auto vector = std::span(inputs).subspan(first);
  double sum = 0;
  for (const float value : vector) sum += double{value} * value;
  const auto length = static_cast<float>(std::sqrt(sum));
  if (length > 0) {
    for (float& value : vector) value /= length;
  }
}

// What the heads say of each image with an embedding.
std::vector<MemberDecision> judge(const Heads& heads, std::span<const GroupMember* const> members,
                                  const DecideOptions& options) {
  std::vector<float> ranker_inputs;
  std::vector<float> crop_inputs;
  ranker_inputs.reserve(members.size() * input_width(heads.ranker.kind()));
  crop_inputs.reserve(members.size() * input_width(heads.crop.kind()));
  for (const GroupMember* const member : members) {
    append_in_form(ranker_inputs, member->embedding, options.ranker_embedding);
    append_in_form(crop_inputs, member->embedding, options.crop_embedding);
    crop_inputs.push_back(static_cast<float>(member->width) / options.size_divisor);
    crop_inputs.push_back(static_cast<float>(member->height) / options.size_divisor);
  }
  constexpr std::size_t kBoxSize = 4;
  std::vector<float> scores(members.size());
  std::vector<float> boxes(members.size() * kBoxSize);
  heads.ranker.apply(ranker_inputs, scores);
  heads.crop.apply(crop_inputs, boxes);
  std::vector<MemberDecision> decisions(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    MemberDecision& decision = decisions[i];
    if (std::isfinite(scores[i])) decision.score = scores[i];
    const float* const box = boxes.data() + (i * kBoxSize);
    decision.raw_crop = decisions::CropBox{.x1 = box[0], .y1 = box[1], .x2 = box[2], .y2 = box[3]};
    decision.crop = usable_crop({box[0], box[1], box[2], box[3]}, options.crop);
  }
  return decisions;
}

// Fills in softmax, selected, confidence and margin.
void rank(GroupDecision& group) {
  double best = -std::numeric_limits<double>::infinity();
  double second = best;
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    const auto& score = group.members[i].score;
    if (!score) continue;
    if (!group.selected || *score > best) {
      second = best;
      best = *score;
      group.selected = i;
    } else {
      second = std::max(second, *score);
    }
  }
  if (!group.selected) return;
  double sum = 0;
  for (const MemberDecision& member : group.members) {
    if (member.score) sum += std::exp(*member.score - best);
  }
  for (MemberDecision& member : group.members) {
    if (member.score) member.softmax = std::exp(*member.score - best) / sum;
  }
  group.confidence = group.members[*group.selected].softmax;
  if (std::isfinite(second)) group.margin = best - second;
}

}  // namespace

std::vector<GroupDecision> decide(const Heads& heads,
                                  std::span<const std::vector<GroupMember>> groups,
                                  const DecideOptions& options) {
  std::vector<const GroupMember*> judged;
  for (const std::vector<GroupMember>& members : groups) {
    for (const GroupMember& member : members) {
      if (!member.embedding.empty()) judged.push_back(&member);
    }
  }
  const std::vector<MemberDecision> decisions = judge(heads, judged, options);
  auto next = decisions.begin();
  std::vector<GroupDecision> decided(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    GroupDecision& group = decided[i];
    for (const GroupMember& member : groups[i]) {
      group.members.push_back(member.embedding.empty() ? MemberDecision() : *next++);
    }
    rank(group);
    group.is_uncertain = (group.margin && *group.margin < options.min_margin) ||
                         std::ranges::any_of(group.members, [](const MemberDecision& member) {
                           return !member.score.has_value();
                         });
  }
  return decided;
}

GroupDecision decide(const Heads& heads, const std::vector<GroupMember>& members,
                     const DecideOptions& options) {
  return std::move(decide(heads, std::span(&members, 1), options).front());
}

}  // namespace assay::predict

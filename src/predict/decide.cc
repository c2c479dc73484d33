#include "predict/decide.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace assay::predict {
namespace {

/// What the crop head takes: the embedding, then width and height.
std::vector<float> head_input(const GroupMember& member, const DecideOptions& options) {
  std::vector<float> input(member.embedding.begin(), member.embedding.end());
  if (options.embedding == EmbeddingForm::kUnit) {
    double sum = 0;
    for (const float value : input) sum += double{value} * value;
    const auto length = static_cast<float>(std::sqrt(sum));
    if (length > 0) {
      for (float& value : input) value /= length;
    }
  }
  input.push_back(static_cast<float>(member.width) / options.size_divisor);
  input.push_back(static_cast<float>(member.height) / options.size_divisor);
  return input;
}

MemberDecision judge(const Heads& heads, const GroupMember& member, const DecideOptions& options) {
  MemberDecision decision;
  if (member.embedding.empty()) return decision;
  const std::vector<float> input = head_input(member, options);
  float score = 0;
  heads.ranker.apply(std::span(input).first(member.embedding.size()), std::span(&score, 1));
  if (std::isfinite(score)) decision.score = score;
  std::array<float, 4> box{};
  heads.crop.apply(input, box);
  decision.raw_crop = CropBox{.x1 = box[0], .y1 = box[1], .x2 = box[2], .y2 = box[3]};
  decision.crop = usable_crop(box, options.crop);
  return decision;
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

GroupDecision decide(const Heads& heads, std::span<const GroupMember> members,
                     const DecideOptions& options) {
  GroupDecision group;
  group.members.reserve(members.size());
  for (const GroupMember& member : members) {
    group.members.push_back(judge(heads, member, options));
  }
  rank(group);
  group.is_uncertain = (group.margin && *group.margin < options.min_margin) ||
                       std::ranges::any_of(group.members, [](const MemberDecision& member) {
                         return !member.score.has_value();
                       });
  return group;
}

}  // namespace assay::predict

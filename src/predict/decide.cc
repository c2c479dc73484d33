#include "predict/decide.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace assay::predict {
namespace {

std::vector<float> in_form(std::span<const float> embedding, models::EmbeddingForm form) {
  std::vector<float> vector(embedding.begin(), embedding.end());
  if (form == models::EmbeddingForm::kRaw) return vector;
  double sum = 0;
  for (const float value : vector) sum += double{value} * value;
  const auto length = static_cast<float>(std::sqrt(sum));
  if (length > 0) {
    for (float& value : vector) value /= length;
  }
  return vector;
}

MemberDecision judge(const Heads& heads, const GroupMember& member, const DecideOptions& options) {
  MemberDecision decision;
  if (member.embedding.empty()) return decision;
  float score = 0;
  heads.ranker.apply(in_form(member.embedding, options.ranker_embedding), std::span(&score, 1));
  if (std::isfinite(score)) decision.score = score;

  std::vector<float> input = in_form(member.embedding, options.crop_embedding);
  input.push_back(static_cast<float>(member.width) / options.size_divisor);
  input.push_back(static_cast<float>(member.height) / options.size_divisor);
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

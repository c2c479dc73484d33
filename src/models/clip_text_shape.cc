#include "models/clip_text_shape.h"

#include "models/clip_check_internal.h"
#include "models/clip_tensors_internal.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {
namespace {

/// Far above any vocabulary that is known.
constexpr std::uint64_t kMaxVocabularySize = 1U << 24U;
constexpr std::uint64_t kMaxContextLength = 1U << 16U;
constexpr double kDefaultLogitScale = 100;
/// Where it is, the text's vector is not that of its end.
constexpr std::string_view kClassToken = "text.cls_emb";

/// The sizes, from the tensors that tell them.
Result<ClipTextShape> read_text_sizes(const Checkpoint& checkpoint, const TowerNames& tower) {
  ClipTextShape shape{.names = tower.names};
  const Shape& tokens = checkpoint.find(tower.embedding)->shape;
  RETURN_IF_ERROR(check_size(checkpoint, tower.embedding,
                             tokens.size() == 2 && tokens[0] != 0 &&
                                 tokens[0] <= kMaxVocabularySize && tokens[1] != 0 &&
                                 tokens[1] <= kMaxClipWidth && tokens[1] % kClipHeadWidth == 0,
                             "[vocabulary, width] with a width that 64 divides"));
  shape.vocabulary_size = tokens[0];
  shape.width = tokens[1];
  shape.num_heads = shape.width / kClipHeadWidth;

  constexpr std::string_view kPositions = "context";
  ASSIGN_OR_RETURN(const TowerSizes sizes,
                   read_tower_sizes(checkpoint, tower, shape.width, kPositions));
  RETURN_IF_ERROR(check_size(checkpoint, tower.positions, sizes.num_positions <= kMaxContextLength,
                             fmt::format("[{}, {}]", kPositions, shape.width)));
  shape.context_length = sizes.num_positions;
  shape.output_width = sizes.output_width;
  shape.num_layers = sizes.num_layers;
  shape.hidden = sizes.hidden;
  return shape;
}

}  // namespace

Result<ClipTextShape> read_clip_text_shape(const Checkpoint& checkpoint) {
  const TowerNames* tower = find_tower(checkpoint, text_tower_names());
  if (tower == nullptr) {
    const auto layouts = text_tower_names();
    return missing(fmt::format(
        "{}: no CLIP text tower: there is neither '{}' or '{}' (open_clip) nor '{}' (Hugging Face) "
        "among its {} tensors; take a checkpoint of both towers",
        checkpoint.name(), layouts[0].embedding, layouts[1].embedding, layouts[2].embedding,
        checkpoint.tensors().size()));
  }
  if (checkpoint.find(kClassToken) != nullptr) {
    return missing(fmt::format(
        "{}: '{}': a text tower that reads texts by a token of its own, as CoCa's does; take a "
        "checkpoint of CLIP",
        checkpoint.name(), kClassToken));
  }
  ASSIGN_OR_RETURN(const ClipTextShape shape, read_text_sizes(checkpoint, *tower));
  const ClipTextRows rows = clip_text_rows(shape);
  for (const TensorRows* part : {&rows.tokens, &rows.positions, &rows.projection}) {
    RETURN_IF_ERROR(check_rows(checkpoint, *part));
  }
  RETURN_IF_ERROR(check_norm(checkpoint, rows.norm_after));
  for (std::uint64_t layer = 0; layer < shape.num_layers; ++layer) {
    RETURN_IF_ERROR(check_block(checkpoint, shape.names, clip_text_block_rows(shape, layer)));
  }
  return shape;
}

Result<double> read_logit_scale(const Checkpoint& checkpoint) {
  constexpr std::string_view kName = "logit_scale";
  const TensorInfo* info = checkpoint.find(kName);
  if (info == nullptr) return kDefaultLogitScale;
  RETURN_IF_ERROR(check_size(checkpoint, kName, info->num_elements == 1, "one number"));
  ASSIGN_OR_RETURN(const std::vector<float> values, checkpoint.values(*info));
  // It is kept as its logarithm.
  const double scale = std::exp(static_cast<double>(values.front()));
  RETURN_IF_ERROR(check_size(checkpoint, kName, std::isfinite(scale) && scale > 0,
                             "a number whose exponential is finite"));
  return scale;
}

}  // namespace assay::models

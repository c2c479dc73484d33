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

Result<ClipNames> read_names(const Checkpoint& checkpoint) {
  for (const ClipNames names : {ClipNames::kOpenClip, ClipNames::kHuggingFace}) {
    if (checkpoint.find(clip_tokens_name(names)) != nullptr) return names;
  }
  return missing(
      fmt::format("{}: no CLIP text tower: there is neither '{}' (open_clip) nor '{}' (Hugging "
                  "Face) among its {} tensors; take a checkpoint of both towers",
                  checkpoint.name(), clip_tokens_name(ClipNames::kOpenClip),
                  clip_tokens_name(ClipNames::kHuggingFace), checkpoint.tensors().size()));
}

bool is_matrix(const TensorInfo* tensor) {
  return tensor != nullptr && tensor->shape.size() == 2 && tensor->shape[0] != 0 &&
         tensor->shape[1] != 0;
}

/// The sizes, from the tensors that tell them.
Result<ClipTextShape> read_sizes(const Checkpoint& checkpoint, ClipNames names) {
  ClipTextShape shape{.names = names};
  const TensorInfo* tokens = checkpoint.find(clip_tokens_name(names));
  RETURN_IF_ERROR(check_size(checkpoint, clip_tokens_name(names),
                             is_matrix(tokens) && tokens->shape[0] <= kMaxVocabularySize &&
                                 tokens->shape[1] <= kMaxClipWidth &&
                                 tokens->shape[1] % kClipHeadWidth == 0,
                             "[vocabulary, width] with a width that 64 divides"));
  shape.vocabulary_size = tokens->shape[0];
  shape.width = tokens->shape[1];
  shape.num_heads = shape.width / kClipHeadWidth;

  const TensorInfo* positions = checkpoint.find(clip_text_positions_name(names));
  RETURN_IF_ERROR(check_size(checkpoint, clip_text_positions_name(names),
                             is_matrix(positions) && positions->shape[0] >= 2 &&
                                 positions->shape[0] <= kMaxContextLength &&
                                 positions->shape[1] == shape.width,
                             fmt::format("[context, {}]", shape.width)));
  shape.context_length = positions->shape[0];

  const TensorInfo* projection = checkpoint.find(clip_text_projection_name(names));
  const std::size_t output_at = names == ClipNames::kOpenClip ? 1 : 0;
  RETURN_IF_ERROR(
      check_size(checkpoint, clip_text_projection_name(names),
                 is_matrix(projection) && projection->shape[1 - output_at] == shape.width,
                 output_at == 1 ? fmt::format("[{}, output]", shape.width)
                                : fmt::format("[output, {}]", shape.width)));
  shape.output_width = projection->shape[output_at];

  ASSIGN_OR_RETURN(const BlockSizes blocks,
                   read_block_sizes(checkpoint, names, shape.width, [names](std::uint64_t layer) {
                     return clip_text_block_prefix(names, layer);
                   }));
  shape.num_layers = blocks.num_layers;
  shape.hidden = blocks.hidden;
  return shape;
}

}  // namespace

Result<ClipTextShape> read_clip_text_shape(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const ClipNames names, read_names(checkpoint));
  ASSIGN_OR_RETURN(const ClipTextShape shape, read_sizes(checkpoint, names));
  const ClipTextRows rows = clip_text_rows(shape);
  for (const TensorRows* part : {&rows.tokens, &rows.positions, &rows.projection}) {
    RETURN_IF_ERROR(check_rows(checkpoint, *part));
  }
  RETURN_IF_ERROR(check_norm(checkpoint, rows.norm_after));
  for (std::uint64_t layer = 0; layer < shape.num_layers; ++layer) {
    RETURN_IF_ERROR(check_block(checkpoint, names, clip_text_block_rows(shape, layer)));
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

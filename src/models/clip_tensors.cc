#include "models/clip_tensors_internal.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace assay::models {
namespace {

TensorRows whole(std::string_view tensor, Shape shape) {
  return {.tensor = std::string(tensor), .shape = std::move(shape)};
}

LinearRows linear(const std::string& name, std::uint64_t out, std::uint64_t in) {
  return {.weight = whole(name + ".weight", {out, in}), .bias = whole(name + ".bias", {out})};
}

NormRows norm(const std::string& name, std::uint64_t width) {
  return {.gain = whole(name + ".weight", {width}), .bias = whole(name + ".bias", {width})};
}

/// The `part`th of the three that open_clip keeps in one tensor.
LinearRows third(const std::string& prefix, std::uint64_t width, std::uint64_t part) {
  return {
      .weight = {.tensor = prefix + "attn.in_proj_weight",
                 .first_element = part * width * width,
                 .shape = {width, width}},
      .bias = {
          .tensor = prefix + "attn.in_proj_bias", .first_element = part * width, .shape = {width}}};
}

}  // namespace

std::string_view clip_patches_name(ClipNames names) {
  return names == ClipNames::kOpenClip ? "visual.conv1.weight"
                                       : "vision_model.embeddings.patch_embedding.weight";
}

std::string_view clip_positions_name(ClipNames names) {
  return names == ClipNames::kOpenClip ? "visual.positional_embedding"
                                       : "vision_model.embeddings.position_embedding.weight";
}

std::string_view clip_projection_name(ClipNames names) {
  return names == ClipNames::kOpenClip ? "visual.proj" : "visual_projection.weight";
}

std::string clip_block_prefix(ClipNames names, std::uint64_t layer) {
  return names == ClipNames::kOpenClip ? fmt::format("visual.transformer.resblocks.{}.", layer)
                                       : fmt::format("vision_model.encoder.layers.{}.", layer);
}

ClipRows clip_rows(const ClipShape& shape) {
  const bool is_open_clip = shape.names == ClipNames::kOpenClip;
  const std::uint64_t width = shape.width;
  return {
      .patches =
          whole(clip_patches_name(shape.names), {width, 3, shape.patch_side, shape.patch_side}),
      .class_token =
          whole(is_open_clip ? "visual.class_embedding" : "vision_model.embeddings.class_embedding",
                {width}),
      .positions = whole(clip_positions_name(shape.names), {shape.num_tokens(), width}),
      // The name is misspelt in the files.
      .norm_before = norm(is_open_clip ? "visual.ln_pre" : "vision_model.pre_layrnorm", width),
      .norm_after = norm(is_open_clip ? "visual.ln_post" : "vision_model.post_layernorm", width),
      .projection =
          whole(clip_projection_name(shape.names),
                is_open_clip ? Shape{width, shape.output_width} : Shape{shape.output_width, width}),
      .projection_is_transposed = !is_open_clip,
  };
}

ClipBlockRows block_rows(ClipNames names, const std::string& prefix, const BlockWidths& widths) {
  const std::uint64_t width = widths.width;
  if (names == ClipNames::kOpenClip) {
    return {.norm_1 = norm(prefix + "ln_1", width),
            .query = third(prefix, width, 0),
            .key = third(prefix, width, 1),
            .value = third(prefix, width, 2),
            .attention_out = linear(prefix + "attn.out_proj", width, width),
            .norm_2 = norm(prefix + "ln_2", width),
            .expand = linear(prefix + "mlp.c_fc", widths.hidden, width),
            .contract = linear(prefix + "mlp.c_proj", width, widths.hidden)};
  }
  return {.norm_1 = norm(prefix + "layer_norm1", width),
          .query = linear(prefix + "self_attn.q_proj", width, width),
          .key = linear(prefix + "self_attn.k_proj", width, width),
          .value = linear(prefix + "self_attn.v_proj", width, width),
          .attention_out = linear(prefix + "self_attn.out_proj", width, width),
          .norm_2 = norm(prefix + "layer_norm2", width),
          .expand = linear(prefix + "mlp.fc1", widths.hidden, width),
          .contract = linear(prefix + "mlp.fc2", width, widths.hidden)};
}

ClipBlockRows clip_block_rows(const ClipShape& shape, std::uint64_t layer) {
  return block_rows(shape.names, clip_block_prefix(shape.names, layer),
                    {.width = shape.width, .hidden = shape.hidden});
}

std::string_view clip_tokens_name(ClipNames names) {
  return names == ClipNames::kOpenClip ? "token_embedding.weight"
                                       : "text_model.embeddings.token_embedding.weight";
}

std::string_view clip_text_positions_name(ClipNames names) {
  return names == ClipNames::kOpenClip ? "positional_embedding"
                                       : "text_model.embeddings.position_embedding.weight";
}

std::string_view clip_text_projection_name(ClipNames names) {
  return names == ClipNames::kOpenClip ? "text_projection" : "text_projection.weight";
}

std::string clip_text_block_prefix(ClipNames names, std::uint64_t layer) {
  return names == ClipNames::kOpenClip ? fmt::format("transformer.resblocks.{}.", layer)
                                       : fmt::format("text_model.encoder.layers.{}.", layer);
}

ClipTextRows clip_text_rows(const ClipTextShape& shape) {
  const bool is_open_clip = shape.names == ClipNames::kOpenClip;
  const std::uint64_t width = shape.width;
  return {
      .tokens = whole(clip_tokens_name(shape.names), {shape.vocabulary_size, width}),
      .positions = whole(clip_text_positions_name(shape.names), {shape.context_length, width}),
      .norm_after = norm(is_open_clip ? "ln_final" : "text_model.final_layer_norm", width),
      .projection =
          whole(clip_text_projection_name(shape.names),
                is_open_clip ? Shape{width, shape.output_width} : Shape{shape.output_width, width}),
      .projection_is_transposed = !is_open_clip,
  };
}

ClipBlockRows clip_text_block_rows(const ClipTextShape& shape, std::uint64_t layer) {
  return block_rows(shape.names, clip_text_block_prefix(shape.names, layer),
                    {.width = shape.width, .hidden = shape.hidden});
}

}  // namespace assay::models

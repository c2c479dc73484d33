#include "core/check.h"
#include "models/clip_tensors_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
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

NormRows norm(std::string_view name, std::uint64_t width) {
  return {.gain = whole(fmt::format("{}.weight", name), {width}),
          .bias = whole(fmt::format("{}.bias", name), {width})};
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

// What Hugging Face misspells is so in the files.
constexpr std::array<TowerNames, 2> kImageTowers = {
    {{.names = ClipNames::kOpenClip,
      .embedding = "visual.conv1.weight",
      .positions = "visual.positional_embedding",
      .norm_after = "visual.ln_post",
      .projection = "visual.proj",
      .blocks = "visual.transformer.resblocks."},
     {.names = ClipNames::kHuggingFace,
      .embedding = "vision_model.embeddings.patch_embedding.weight",
      .positions = "vision_model.embeddings.position_embedding.weight",
      .norm_after = "vision_model.post_layernorm",
      .projection = "visual_projection.weight",
      .blocks = "vision_model.encoder.layers."}}};

constexpr std::array<TowerNames, 3> kTextTowers = {
    {{.names = ClipNames::kOpenClip,
      .embedding = "token_embedding.weight",
      .positions = "positional_embedding",
      .norm_after = "ln_final",
      .projection = "text_projection",
      .blocks = "transformer.resblocks."},
     {.names = ClipNames::kOpenClipText,
      .embedding = "text.token_embedding.weight",
      .positions = "text.positional_embedding",
      .norm_after = "text.ln_final",
      .projection = "text.text_projection",
      .blocks = "text.transformer.resblocks."},
     {.names = ClipNames::kHuggingFace,
      .embedding = "text_model.embeddings.token_embedding.weight",
      .positions = "text_model.embeddings.position_embedding.weight",
      .norm_after = "text_model.final_layer_norm",
      .projection = "text_projection.weight",
      .blocks = "text_model.encoder.layers."}}};

const TowerNames& tower_of(std::span<const TowerNames> towers, ClipNames names) {
  const auto found = std::ranges::find(towers, names, &TowerNames::names);
  CHECK(found != towers.end(), "a tower has no names of this layout");
  return *found;
}

TensorRows projection(const TowerNames& tower, std::uint64_t width, std::uint64_t output_width) {
  return whole(tower.projection, is_projection_transposed(tower.names)
                                     ? Shape{output_width, width}
                                     : Shape{width, output_width});
}

}  // namespace

std::span<const TowerNames> image_tower_names() { return kImageTowers; }
std::span<const TowerNames> text_tower_names() { return kTextTowers; }

bool is_projection_transposed(ClipNames names) { return names == ClipNames::kHuggingFace; }

ClipRows clip_rows(const ClipShape& shape) {
  const TowerNames& tower = tower_of(kImageTowers, shape.names);
  const bool is_open_clip = shape.names == ClipNames::kOpenClip;
  const std::uint64_t width = shape.width;
  return {
      .patches = whole(tower.embedding, {width, 3, shape.patch_side, shape.patch_side}),
      .class_token =
          whole(is_open_clip ? "visual.class_embedding" : "vision_model.embeddings.class_embedding",
                {width}),
      .positions = whole(tower.positions, {shape.num_tokens(), width}),
      .norm_before = norm(is_open_clip ? "visual.ln_pre" : "vision_model.pre_layrnorm", width),
      .norm_after = norm(tower.norm_after, width),
      .projection = projection(tower, width, shape.output_width),
      .projection_is_transposed = is_projection_transposed(shape.names),
  };
}

ClipBlockRows block_rows(const TowerNames& tower, std::uint64_t layer, const BlockWidths& widths) {
  const std::string prefix = fmt::format("{}{}.", tower.blocks, layer);
  const std::uint64_t width = widths.width;
  if (tower.names != ClipNames::kHuggingFace) {
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
  return block_rows(tower_of(kImageTowers, shape.names), layer,
                    {.width = shape.width, .hidden = shape.hidden});
}

ClipTextRows clip_text_rows(const ClipTextShape& shape) {
  const TowerNames& tower = tower_of(kTextTowers, shape.names);
  const std::uint64_t width = shape.width;
  return {
      .tokens = whole(tower.embedding, {shape.vocabulary_size, width}),
      .positions = whole(tower.positions, {shape.context_length, width}),
      .norm_after = norm(tower.norm_after, width),
      .projection = projection(tower, width, shape.output_width),
      .projection_is_transposed = is_projection_transposed(shape.names),
  };
}

ClipBlockRows clip_text_block_rows(const ClipTextShape& shape, std::uint64_t layer) {
  return block_rows(tower_of(kTextTowers, shape.names), layer,
                    {.width = shape.width, .hidden = shape.hidden});
}

}  // namespace assay::models

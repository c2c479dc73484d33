#include "models/clip_shape.h"

#include "models/clip_check_internal.h"
#include "models/clip_tensors_internal.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace assay::models {
namespace {

struct KnownTower {
  std::string_view name;
  std::uint64_t width, num_layers, patch_side, crop_side, output_width;
};
constexpr std::array<KnownTower, 4> kKnownTowers = {{{"ViT-B/32", 768, 12, 32, 224, 512},
                                                     {"ViT-B/16", 768, 12, 16, 224, 512},
                                                     {"ViT-L/14", 1024, 24, 14, 224, 768},
                                                     {"ViT-L/14@336", 1024, 24, 14, 336, 768}}};

Result<ClipNames> read_names(const Checkpoint& checkpoint) {
  for (const ClipNames names : {ClipNames::kOpenClip, ClipNames::kHuggingFace}) {
    if (checkpoint.find(clip_patches_name(names)) != nullptr) return names;
  }
  return invalid_input(
      fmt::format("{}: not a CLIP image tower: there is neither '{}' (open_clip) nor '{}' "
                  "(Hugging Face) among its {} tensors",
                  checkpoint.name(), clip_patches_name(ClipNames::kOpenClip),
                  clip_patches_name(ClipNames::kHuggingFace), checkpoint.tensors().size()));
}

/// The sizes, from the three tensors that tell them.
Result<ClipShape> read_sizes(const Checkpoint& checkpoint, ClipNames names) {
  ClipShape shape{.names = names};
  const std::string_view patches_name = clip_patches_name(names);
  const Shape& patches = checkpoint.find(patches_name)->shape;
  RETURN_IF_ERROR(check_size(checkpoint, patches_name,
                             patches.size() == 4 && patches[1] == 3 && patches[2] == patches[3] &&
                                 patches[2] != 0 && patches[0] != 0 &&
                                 patches[0] <= kMaxClipWidth && patches[0] % kClipHeadWidth == 0,
                             "[width, 3, patch, patch] with a width that 64 divides"));
  shape.width = patches[0];
  shape.num_heads = shape.width / kClipHeadWidth;
  shape.patch_side = patches[2];

  const std::string_view positions_name = clip_positions_name(names);
  const TensorInfo* positions = checkpoint.find(positions_name);
  const bool has_tokens = positions != nullptr && positions->shape.size() == 2 &&
                          positions->shape[0] >= 2 && positions->shape[1] == shape.width;
  const std::uint64_t num_tokens = has_tokens ? positions->shape[0] : 0;
  while (shape.grid_side < kMaxClipWidth && shape.num_tokens() < num_tokens) ++shape.grid_side;
  RETURN_IF_ERROR(check_size(checkpoint, positions_name,
                             has_tokens && shape.num_tokens() == num_tokens,
                             fmt::format("[grid * grid + 1, {}]", shape.width)));

  const std::string_view projection_name = clip_projection_name(names);
  const TensorInfo* projection = checkpoint.find(projection_name);
  const std::size_t output_at = names == ClipNames::kOpenClip ? 1 : 0;
  const bool has_output = projection != nullptr && projection->shape.size() == 2 &&
                          projection->shape[1 - output_at] == shape.width &&
                          projection->shape[output_at] != 0;
  RETURN_IF_ERROR(check_size(checkpoint, projection_name, has_output,
                             names == ClipNames::kOpenClip
                                 ? fmt::format("[{}, output]", shape.width)
                                 : fmt::format("[output, {}]", shape.width)));
  shape.output_width = projection->shape[output_at];

  ASSIGN_OR_RETURN(const BlockSizes blocks,
                   read_block_sizes(checkpoint, names, shape.width, [names](std::uint64_t layer) {
                     return clip_block_prefix(names, layer);
                   }));
  shape.num_layers = blocks.num_layers;
  shape.hidden = blocks.hidden;
  return shape;
}

}  // namespace

std::string to_string(const ClipShape& shape) {
  for (const KnownTower& tower : kKnownTowers) {
    if (tower.width == shape.width && tower.num_layers == shape.num_layers &&
        tower.patch_side == shape.patch_side && tower.crop_side == shape.crop_side() &&
        tower.output_width == shape.output_width) {
      return std::string(tower.name);
    }
  }
  return fmt::format("ViT width {}, {} layers, patch {}", shape.width, shape.num_layers,
                     shape.patch_side);
}

Result<ClipShape> read_clip_shape(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const ClipNames names, read_names(checkpoint));
  ASSIGN_OR_RETURN(const ClipShape shape, read_sizes(checkpoint, names));
  const ClipRows rows = clip_rows(shape);
  for (const TensorRows* part :
       {&rows.patches, &rows.class_token, &rows.positions, &rows.projection}) {
    RETURN_IF_ERROR(check_rows(checkpoint, *part));
  }
  RETURN_IF_ERROR(check_norm(checkpoint, rows.norm_before));
  RETURN_IF_ERROR(check_norm(checkpoint, rows.norm_after));
  for (std::uint64_t layer = 0; layer < shape.num_layers; ++layer) {
    RETURN_IF_ERROR(check_block(checkpoint, shape.names, clip_block_rows(shape, layer)));
  }
  return shape;
}

}  // namespace assay::models

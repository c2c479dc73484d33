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

/// The sizes, from the tensors that tell them.
Result<ClipShape> read_image_sizes(const Checkpoint& checkpoint, const TowerNames& tower) {
  ClipShape shape{.names = tower.names};
  const Shape& patches = checkpoint.find(tower.embedding)->shape;
  RETURN_IF_ERROR(check_size(checkpoint, tower.embedding,
                             patches.size() == 4 && patches[1] == 3 && patches[2] == patches[3] &&
                                 patches[2] != 0 && patches[0] != 0 &&
                                 patches[0] <= kMaxClipWidth && patches[0] % kClipHeadWidth == 0,
                             "[width, 3, patch, patch] with a width that 64 divides"));
  shape.width = patches[0];
  shape.num_heads = shape.width / kClipHeadWidth;
  shape.patch_side = patches[2];

  constexpr std::string_view kPositions = "grid * grid + 1";
  ASSIGN_OR_RETURN(const TowerSizes sizes,
                   read_tower_sizes(checkpoint, tower, shape.width, kPositions));
  while (shape.grid_side < kMaxClipWidth && shape.num_tokens() < sizes.num_positions) {
    ++shape.grid_side;
  }
  RETURN_IF_ERROR(check_size(checkpoint, tower.positions, shape.num_tokens() == sizes.num_positions,
                             fmt::format("[{}, {}]", kPositions, shape.width)));
  shape.output_width = sizes.output_width;
  shape.num_layers = sizes.num_layers;
  shape.hidden = sizes.hidden;
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
  const TowerNames* tower = find_tower(checkpoint, image_tower_names());
  if (tower == nullptr) {
    return invalid_input(fmt::format(
        "{}: not a CLIP image tower: there is neither '{}' (open_clip) nor '{}' (Hugging Face) "
        "among its {} tensors",
        checkpoint.name(), image_tower_names()[0].embedding, image_tower_names()[1].embedding,
        checkpoint.tensors().size()));
  }
  ASSIGN_OR_RETURN(const ClipShape shape, read_image_sizes(checkpoint, *tower));
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

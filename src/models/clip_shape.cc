#include "models/clip_shape.h"

#include "core/parse_number.h"
#include "models/clip_tensors_internal.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace assay::models {
namespace {

/// The width of an attention head in every CLIP tower of the ViT-B and ViT-L families; the tensors
/// do not tell it.
constexpr std::uint64_t kHeadWidth = 64;
/// Bounds far above any tower that is known, so that a hostile header costs no work.
constexpr std::uint64_t kMaxLayers = 256;
constexpr std::uint64_t kMaxWidth = 1U << 16;

struct KnownTower {
  std::string_view name;
  std::uint64_t width, num_layers, patch_side, crop_side, output_width;
};
constexpr std::array<KnownTower, 4> kKnownTowers = {{{"ViT-B/32", 768, 12, 32, 224, 512},
                                                     {"ViT-B/16", 768, 12, 16, 224, 512},
                                                     {"ViT-L/14", 1024, 24, 14, 224, 768},
                                                     {"ViT-L/14@336", 1024, 24, 14, 336, 768}}};

Status check_size(const Checkpoint& checkpoint, std::string_view tensor, bool is_right,
                  std::string_view expected) {
  if (is_right) return {};
  const TensorInfo* found = checkpoint.find(tensor);
  if (found == nullptr) {
    return invalid_input(fmt::format("{}: there is no tensor '{}'; expected one of shape {}",
                                     checkpoint.name(), tensor, expected));
  }
  return invalid_input(fmt::format("{}: tensor '{}' has shape {}; expected {}", checkpoint.name(),
                                   tensor, to_string(found->shape), expected));
}

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

Status check_rows(const Checkpoint& checkpoint, const TensorRows& rows) {
  const auto found = checkpoint.require(rows.tensor, rows.shape);
  if (!found) return found.error();
  return {};
}

Status check(const Checkpoint& checkpoint, const NormRows& norm) {
  RETURN_IF_ERROR(check_rows(checkpoint, norm.gain));
  return check_rows(checkpoint, norm.bias);
}

Status check(const Checkpoint& checkpoint, const LinearRows& linear) {
  RETURN_IF_ERROR(check_rows(checkpoint, linear.weight));
  return check_rows(checkpoint, linear.bias);
}

Status check_block(const Checkpoint& checkpoint, const ClipShape& shape, std::uint64_t layer) {
  const ClipBlockRows block = clip_block_rows(shape, layer);
  RETURN_IF_ERROR(check(checkpoint, block.norm_1));
  RETURN_IF_ERROR(check(checkpoint, block.norm_2));
  RETURN_IF_ERROR(check(checkpoint, block.attention_out));
  RETURN_IF_ERROR(check(checkpoint, block.expand));
  RETURN_IF_ERROR(check(checkpoint, block.contract));
  if (shape.names == ClipNames::kHuggingFace) {
    RETURN_IF_ERROR(check(checkpoint, block.query));
    RETURN_IF_ERROR(check(checkpoint, block.key));
    return check(checkpoint, block.value);
  }
  // The three are rows of one tensor.
  const std::uint64_t width = shape.width;
  const auto weight = checkpoint.require(block.query.weight.tensor, {3 * width, width});
  if (!weight) return weight.error();
  const auto bias = checkpoint.require(block.query.bias.tensor, {3 * width});
  if (!bias) return bias.error();
  return {};
}

/// Layers are counted from 0 until one is absent: those behind a gap must not be lost in silence.
Status check_no_layer_missing(const Checkpoint& checkpoint, const ClipShape& shape) {
  const std::string absent = clip_block_rows(shape, shape.num_layers).expand.weight.tensor;
  const std::string first = clip_block_prefix(shape.names, 0);
  const std::string stem = first.substr(0, first.size() - 2);
  const auto& tensors = checkpoint.tensors();
  for (auto entry = tensors.lower_bound(stem);
       entry != tensors.end() && entry->first.starts_with(stem); ++entry) {
    const std::string_view rest = std::string_view(entry->first).substr(stem.size());
    const auto layer = parse_integer(rest.substr(0, rest.find('.')));
    if (!layer || std::cmp_less(*layer, 0) || std::cmp_greater_equal(*layer, shape.num_layers)) {
      return invalid_input(fmt::format("{}: there is '{}', but no tensor '{}'", checkpoint.name(),
                                       entry->first, absent));
    }
  }
  return {};
}

/// The sizes, from the three tensors that tell them.
Result<ClipShape> read_sizes(const Checkpoint& checkpoint, ClipNames names) {
  ClipShape shape{.names = names};
  const std::string_view patches_name = clip_patches_name(names);
  const Shape& patches = checkpoint.find(patches_name)->shape;
  RETURN_IF_ERROR(check_size(checkpoint, patches_name,
                             patches.size() == 4 && patches[1] == 3 && patches[2] == patches[3] &&
                                 patches[2] != 0 && patches[0] != 0 && patches[0] <= kMaxWidth &&
                                 patches[0] % kHeadWidth == 0,
                             "[width, 3, patch, patch] with a width that 64 divides"));
  shape.width = patches[0];
  shape.num_heads = shape.width / kHeadWidth;
  shape.patch_side = patches[2];

  const std::string_view positions_name = clip_positions_name(names);
  const TensorInfo* positions = checkpoint.find(positions_name);
  const bool has_tokens = positions != nullptr && positions->shape.size() == 2 &&
                          positions->shape[0] >= 2 && positions->shape[1] == shape.width;
  const std::uint64_t num_tokens = has_tokens ? positions->shape[0] : 0;
  while (shape.grid_side < kMaxWidth && shape.num_tokens() < num_tokens) ++shape.grid_side;
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

  const auto expand_name = [&](std::uint64_t layer) {
    return clip_block_rows({.names = names}, layer).expand.weight.tensor;
  };
  while (shape.num_layers < kMaxLayers && checkpoint.find(expand_name(shape.num_layers))) {
    ++shape.num_layers;
  }
  const TensorInfo* expand = checkpoint.find(expand_name(0));
  RETURN_IF_ERROR(
      check_size(checkpoint, expand_name(0),
                 expand != nullptr && expand->shape.size() == 2 && expand->shape[0] != 0,
                 fmt::format("[hidden, {}]", shape.width)));
  shape.hidden = expand->shape[0];
  RETURN_IF_ERROR(check_no_layer_missing(checkpoint, shape));
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
  RETURN_IF_ERROR(check(checkpoint, rows.norm_before));
  RETURN_IF_ERROR(check(checkpoint, rows.norm_after));
  for (std::uint64_t layer = 0; layer < shape.num_layers; ++layer) {
    RETURN_IF_ERROR(check_block(checkpoint, shape, layer));
  }
  return shape;
}

}  // namespace assay::models

#include "core/parse_number.h"
#include "models/clip_check_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assay::models {
namespace {

Status check_linear(const Checkpoint& checkpoint, const LinearRows& linear) {
  RETURN_IF_ERROR(check_rows(checkpoint, linear.weight));
  return check_rows(checkpoint, linear.bias);
}

bool is_matrix(const TensorInfo* tensor) {
  return tensor != nullptr && tensor->shape.size() == 2 && tensor->shape[0] != 0 &&
         tensor->shape[1] != 0;
}

/// Layers are counted from 0 until one is absent: those behind a gap must not be lost in silence.
Status check_no_layer_missing(const Checkpoint& checkpoint, const TowerNames& tower,
                              std::uint64_t num_layers, std::string_view absent) {
  const auto& tensors = checkpoint.tensors();
  for (auto entry = tensors.lower_bound(tower.blocks);
       entry != tensors.end() && entry->first.starts_with(tower.blocks); ++entry) {
    const std::string_view rest = std::string_view(entry->first).substr(tower.blocks.size());
    const auto layer = parse_integer(rest.substr(0, rest.find('.')));
    if (!layer || std::cmp_less(*layer, 0) || std::cmp_greater_equal(*layer, num_layers)) {
      return invalid_input(fmt::format("{}: there is '{}', but no tensor '{}'", checkpoint.name(),
                                       entry->first, absent));
    }
  }
  return {};
}

/// Only what blocks tell.
Result<TowerSizes> read_block_sizes(const Checkpoint& checkpoint, const TowerNames& tower,
                                    std::uint64_t width) {
  const auto expand_name = [&](std::uint64_t layer) {
    return block_rows(tower, layer, {.width = width, .hidden = 0}).expand.weight.tensor;
  };
  TowerSizes sizes;
  while (sizes.num_layers < kMaxClipLayers && checkpoint.find(expand_name(sizes.num_layers))) {
    ++sizes.num_layers;
  }
  const TensorInfo* expand = checkpoint.find(expand_name(0));
  RETURN_IF_ERROR(check_size(checkpoint, expand_name(0), is_matrix(expand),
                             fmt::format("[hidden, {}]", width)));
  sizes.hidden = expand->shape[0];
  RETURN_IF_ERROR(
      check_no_layer_missing(checkpoint, tower, sizes.num_layers, expand_name(sizes.num_layers)));
  return sizes;
}

}  // namespace

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

Status check_rows(const Checkpoint& checkpoint, const TensorRows& rows) {
  const auto found = checkpoint.require(rows.tensor, rows.shape);
  if (!found) return found.error();
  return {};
}

Status check_norm(const Checkpoint& checkpoint, const NormRows& norm) {
  RETURN_IF_ERROR(check_rows(checkpoint, norm.gain));
  return check_rows(checkpoint, norm.bias);
}

Status check_block(const Checkpoint& checkpoint, ClipNames names, const ClipBlockRows& block) {
  RETURN_IF_ERROR(check_norm(checkpoint, block.norm_1));
  RETURN_IF_ERROR(check_norm(checkpoint, block.norm_2));
  RETURN_IF_ERROR(check_linear(checkpoint, block.attention_out));
  RETURN_IF_ERROR(check_linear(checkpoint, block.expand));
  RETURN_IF_ERROR(check_linear(checkpoint, block.contract));
  if (names == ClipNames::kHuggingFace) {
    RETURN_IF_ERROR(check_linear(checkpoint, block.query));
    RETURN_IF_ERROR(check_linear(checkpoint, block.key));
    return check_linear(checkpoint, block.value);
  }
  // The three are rows of one tensor.
  const std::uint64_t width = block.query.bias.shape.front();
  const auto weight = checkpoint.require(block.query.weight.tensor, {3 * width, width});
  if (!weight) return weight.error();
  const auto bias = checkpoint.require(block.query.bias.tensor, {3 * width});
  if (!bias) return bias.error();
  return {};
}

const TowerNames* find_tower(const Checkpoint& checkpoint, std::span<const TowerNames> layouts) {
  const auto found = std::ranges::find_if(layouts, [&checkpoint](const TowerNames& tower) {
    return checkpoint.find(tower.embedding) != nullptr;
  });
  return found == layouts.end() ? nullptr : &*found;
}

Result<TowerSizes> read_tower_sizes(const Checkpoint& checkpoint, const TowerNames& tower,
                                    std::uint64_t width, std::string_view positions) {
  const TensorInfo* places = checkpoint.find(tower.positions);
  RETURN_IF_ERROR(
      check_size(checkpoint, tower.positions,
                 is_matrix(places) && places->shape[0] >= 2 && places->shape[1] == width,
                 fmt::format("[{}, {}]", positions, width)));
  const TensorInfo* projection = checkpoint.find(tower.projection);
  const bool is_transposed = is_projection_transposed(tower.names);
  RETURN_IF_ERROR(check_size(
      checkpoint, tower.projection,
      is_matrix(projection) && projection->shape[is_transposed ? 1 : 0] == width,
      is_transposed ? fmt::format("[output, {}]", width) : fmt::format("[{}, output]", width)));
  ASSIGN_OR_RETURN(TowerSizes sizes, read_block_sizes(checkpoint, tower, width));
  sizes.num_positions = places->shape[0];
  sizes.output_width = projection->shape[is_transposed ? 0 : 1];
  return sizes;
}

}  // namespace assay::models

/// \file
/// What kind of CLIP image tower a checkpoint holds: told by the names and shapes of its tensors.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"

#include <cstdint>
#include <string>

namespace assay::models {

/// Whose names the tensors have.
enum class ClipNames {
  kOpenClip,      ///< `visual.transformer.resblocks.0.ln_1.weight`, in_proj in one piece.
  kOpenClipText,  ///< The same behind `text.`: a text tower that is a part of its own there.
  kHuggingFace,   ///< `vision_model.encoder.layers.0.layer_norm1.weight`, q, k and v apart.
};

/// The sizes of a tower: ViT-B/32 is width 768, 12 layers, patches of 32, a grid of 7, 512 out.
struct ClipShape {
  ClipNames names = ClipNames::kOpenClip;
  std::uint64_t width = 0;
  std::uint64_t num_layers = 0;
  std::uint64_t num_heads = 0;
  std::uint64_t hidden = 0;      ///< Width between the two layers of a block's perceptron.
  std::uint64_t patch_side = 0;  ///< Pixels.
  std::uint64_t grid_side = 0;   ///< Patches.
  std::uint64_t output_width = 0;

  std::uint64_t crop_side() const { return patch_side * grid_side; }
  std::uint64_t num_tokens() const { return (grid_side * grid_side) + 1; }
  std::uint64_t patch_size() const { return 3 * patch_side * patch_side; }
  /// Numbers that enter the matrices of all blocks: of each block those of query, key and value
  /// together, then of what follows the attention, then of both layers of the perceptron.
  std::uint64_t num_block_inputs() const { return num_layers * ((3 * width) + hidden); }
};

/// `ViT-B/32`, or for a tower without a name `ViT width 64, 2 layers, patch 32`.
std::string to_string(const ClipShape& shape);

/// Read the shape, and check that every tensor of the tower is there and of the shape it must have.
/// Further tensors (the text tower) are allowed. Cost: reads no tensor.
/// Errors: kInvalidInput, which names the tensor.
Result<ClipShape> read_clip_shape(const Checkpoint& checkpoint);

}  // namespace assay::models

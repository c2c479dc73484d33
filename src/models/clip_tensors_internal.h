/// \file
/// Where each part of CLIP's towers lies in a checkpoint, whoever named its tensors.

#pragma once

#include "models/checkpoint.h"
#include "models/clip_shape.h"
#include "models/clip_text_shape.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay::models {

/// Some rows of a tensor: `query` is the first third of open_clip's in_proj.
struct TensorRows {
  std::string tensor;
  std::uint64_t first_element = 0;
  Shape shape = {};
};

/// A matrix [out, in] and what is added to its product.
struct LinearRows {
  TensorRows weight;
  TensorRows bias;
};

struct NormRows {
  TensorRows gain;
  TensorRows bias;
};

struct ClipBlockRows {
  NormRows norm_1;
  LinearRows query;
  LinearRows key;
  LinearRows value;
  LinearRows attention_out;
  NormRows norm_2;
  LinearRows expand;
  LinearRows contract;
};

struct ClipRows {
  TensorRows patches;      ///< [width, 3, patch, patch]
  TensorRows class_token;  ///< [width]
  TensorRows positions;    ///< [tokens, width]
  NormRows norm_before;
  NormRows norm_after;
  TensorRows projection;
  bool projection_is_transposed = false;  ///< [out, width] and not [width, out].
};

struct ClipTextRows {
  TensorRows tokens;     ///< [vocabulary, width]
  TensorRows positions;  ///< [context, width]
  NormRows norm_after;
  TensorRows projection;
  bool projection_is_transposed = false;  ///< [out, width] and not [width, out].
};

/// The names, in one layout, that both towers have a like of.
struct TowerNames {
  ClipNames names = ClipNames::kOpenClip;
  std::string_view embedding;   ///< Of patches or of tokens. The tower is there if this tensor is.
  std::string_view positions;   ///< [positions, width]
  std::string_view norm_after;  ///< Without `.weight` and `.bias`.
  std::string_view projection;
  std::string_view blocks;  ///< What stands before the number of a block.
};

/// The layouts of a tower, in the order they are looked for.
std::span<const TowerNames> image_tower_names();
std::span<const TowerNames> text_tower_names();

/// Whether `projection` is [out, width] and not [width, out].
bool is_projection_transposed(ClipNames names);

struct BlockWidths {
  std::uint64_t width = 0;
  std::uint64_t hidden = 0;
};

/// The parts of a block of either tower.
ClipBlockRows block_rows(const TowerNames& tower, std::uint64_t layer, const BlockWidths& widths);

ClipRows clip_rows(const ClipShape& shape);
ClipBlockRows clip_block_rows(const ClipShape& shape, std::uint64_t layer);

ClipTextRows clip_text_rows(const ClipTextShape& shape);
ClipBlockRows clip_text_block_rows(const ClipTextShape& shape, std::uint64_t layer);

}  // namespace assay::models

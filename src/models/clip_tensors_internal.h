/// \file
/// Where each part of CLIP's towers lies in a checkpoint, whoever named its tensors.

#pragma once

#include "models/checkpoint.h"
#include "models/clip_shape.h"
#include "models/clip_text_shape.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

struct BlockWidths {
  std::uint64_t width = 0;
  std::uint64_t hidden = 0;
};

/// The parts of a block whose names begin with `prefix`: both towers are made of such.
ClipBlockRows block_rows(ClipNames names, const std::string& prefix, const BlockWidths& widths);

ClipRows clip_rows(const ClipShape& shape);
ClipBlockRows clip_block_rows(const ClipShape& shape, std::uint64_t layer);

ClipTextRows clip_text_rows(const ClipTextShape& shape);
ClipBlockRows clip_text_block_rows(const ClipTextShape& shape, std::uint64_t layer);

/// The names of the tensors a layout is known by.
std::string_view clip_patches_name(ClipNames names);
std::string_view clip_positions_name(ClipNames names);
std::string_view clip_projection_name(ClipNames names);
/// The start of the names of one block, with the dot.
std::string clip_block_prefix(ClipNames names, std::uint64_t layer);

// The same of the text tower.
std::string_view clip_tokens_name(ClipNames names);
std::string_view clip_text_positions_name(ClipNames names);
std::string_view clip_text_projection_name(ClipNames names);
std::string clip_text_block_prefix(ClipNames names, std::uint64_t layer);

}  // namespace assay::models

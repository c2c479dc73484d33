/// \file
/// Checks of tensors' names and shapes that both towers of CLIP need.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_shape.h"
#include "models/clip_tensors_internal.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace assay::models {

/// The width of an attention head in every CLIP tower of the ViT-B and ViT-L families; the tensors
/// do not tell it.
inline constexpr std::uint64_t kClipHeadWidth = 64;
/// Bounds far above any tower that is known, so that a hostile header costs no work.
inline constexpr std::uint64_t kMaxClipLayers = 256;
inline constexpr std::uint64_t kMaxClipWidth = 1U << 16;

// Errors of all: kInvalidInput, which names the tensor.

/// Errors: unless `is_right`, what is expected.
Status check_size(const Checkpoint& checkpoint, std::string_view tensor, bool is_right,
                  std::string_view expected);
/// Errors: absent, or of another shape.
Status check_rows(const Checkpoint& checkpoint, const TensorRows& rows);
/// Errors: as check_rows().
Status check_norm(const Checkpoint& checkpoint, const NormRows& norm);
/// Errors: as check_rows().
Status check_block(const Checkpoint& checkpoint, ClipNames names, const ClipBlockRows& block);

/// The layout that a tower of this checkpoint has; null: it has none.
const TowerNames* find_tower(const Checkpoint& checkpoint, std::span<const TowerNames> layouts);

/// The sizes that are read alike of both towers.
struct TowerSizes {
  std::uint64_t num_positions = 0;
  std::uint64_t output_width = 0;
  std::uint64_t num_layers = 0;
  std::uint64_t hidden = 0;
};
/// `positions` is what the first dimension of the positions is called in errors.
/// Errors: a tensor is absent or of another form, no block, or one behind a gap.
Result<TowerSizes> read_tower_sizes(const Checkpoint& checkpoint, const TowerNames& tower,
                                    std::uint64_t width, std::string_view positions);

}  // namespace assay::models

/// \file
/// Checks of tensors' names and shapes that both towers of CLIP need.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_shape.h"
#include "models/clip_tensors_internal.h"

#include <cstdint>
#include <functional>
#include <string>
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

/// The sizes that blocks tell.
struct BlockSizes {
  std::uint64_t num_layers = 0;
  std::uint64_t hidden = 0;
};
/// `prefix` gives the start of a block's names. Errors: no block, or one behind a gap.
Result<BlockSizes> read_block_sizes(const Checkpoint& checkpoint, ClipNames names,
                                    std::uint64_t width,
                                    const std::function<std::string(std::uint64_t)>& prefix);

}  // namespace assay::models

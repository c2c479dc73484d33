/// \file
/// What kind of CLIP text tower a checkpoint holds: told by the names and shapes of its tensors.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_shape.h"

#include <cstdint>

namespace assay::models {

/// The sizes of a tower: that of ViT-B/32 is width 512, 12 layers, 77 tokens of 49,408, 512 out.
struct ClipTextShape {
  ClipNames names = ClipNames::kOpenClip;
  std::uint64_t width = 0;
  std::uint64_t num_layers = 0;
  std::uint64_t num_heads = 0;
  std::uint64_t hidden = 0;          ///< Width between the two layers of a block's perceptron.
  std::uint64_t context_length = 0;  ///< Tokens.
  std::uint64_t vocabulary_size = 0;
  std::uint64_t output_width = 0;
};

/// Read the shape, and check that every tensor of the tower is there and of the shape it must have.
/// Cost: reads no tensor.
/// Errors: kMissing (no text tower, as in a file of the image tower alone, or one of another kind),
///         kInvalidInput, which names the tensor.
Result<ClipTextShape> read_clip_text_shape(const Checkpoint& checkpoint);

/// By how much CLIP multiplies the cosine of an image and a text before it compares texts: 100 for
/// the trained towers, and for a checkpoint that does not say.
/// Errors: kInvalidInput (not one number, or not one that can be), those of reading.
Result<double> read_logit_scale(const Checkpoint& checkpoint);

}  // namespace assay::models

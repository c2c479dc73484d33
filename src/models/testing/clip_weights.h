/// \file
/// CLIP's towers with random weights: real in shape, without meaning.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace assay::models::testing {

struct TestTensor {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

/// A safetensors file of these, in the order and layout that the format's own writers use.
std::string make_safetensors(const std::map<std::string, TestTensor>& tensors);

struct ClipWeights {
  std::size_t width = 768;
  std::size_t num_layers = 12;
  std::size_t patch_side = 32;
  std::size_t grid_side = 7;
  std::size_t output_width = 512;
};

/// A tower of two layers that loads in milliseconds: 64 wide, patches of 4, crops of 8.
inline constexpr ClipWeights kTinyClip{
    .width = 64, .num_layers = 2, .patch_side = 4, .grid_side = 2, .output_width = 512};

/// A safetensors file with the names of open_clip. With the sizes of ViT-B/32 and seed 7 its
/// SHA-256 is kClip7Digest: the weights that the reference embeddings belong to.
/// A few channels of each norm are large, as in trained towers.
std::string make_clip_weights(const ClipWeights& sizes, std::uint32_t seed);

/// Its tensors, by the names of open_clip.
std::map<std::string, TestTensor> make_clip_tensors(const ClipWeights& sizes, std::uint32_t seed);

struct ClipTextWeights {
  std::size_t width = 128;
  std::size_t num_layers = 2;
  std::size_t context_length = 12;
  std::size_t vocabulary_size = 685;  ///< That of tests/data/tokenizer.
  std::size_t output_width = 512;
};

/// The tensors of a text tower, by the names of open_clip.
std::map<std::string, TestTensor> make_text_tensors(const ClipTextWeights& sizes,
                                                    std::uint32_t seed);

/// The same tensors, of either tower, as Hugging Face names and stores them.
std::map<std::string, TestTensor> rename_for_hugging_face(
    std::map<std::string, TestTensor> tensors);

/// The same tower as Hugging Face names and stores it.
std::string make_hugging_face_weights(const ClipWeights& sizes, std::uint32_t seed);

inline constexpr const char* kClip7Digest =
    "d24e1d2293060a325b877dce6b3e519369dd791a1e3bef236f0857889c8b72fc";

}  // namespace assay::models::testing

/// \file
/// An embedder and heads without weights, whose answers follow from the pixels alone.

#pragma once

#include "embedding/image_embedder.h"
#include "models/mlp_head.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::embedding::testing {

/// The first three numbers of a vector are the mean red, green and blue of the crop, the others 0.
class FakeEmbedder final : public ImageEmbedder {
 public:
  std::uint32_t crop_side() const override { return 32; }
  std::size_t dimension() const override { return 512; }
  std::size_t batch_size() const override { return 4; }
  Status embed(std::span<const std::uint8_t> crops, std::span<float> vectors) const override;

  std::uint64_t num_embedded() const { return num_embedded_; }
  /// Fail once so many images were embedded.
  void fail_after(std::uint64_t count) { fail_after_ = count; }

 private:
  mutable std::atomic<std::uint64_t> num_embedded_ = 0;
  std::atomic<std::uint64_t> fail_after_ = UINT64_MAX;
};

/// A file of tensors `net.0.weight` [out, in] and `net.0.bias` [out].
std::string safetensors_of_layer(std::size_t in, std::size_t out, const std::vector<float>& weight,
                                 const std::vector<float>& bias);

/// Scores an image by its mean red, in units of 255.
models::MlpHead red_ranker();
/// Proposes sigmoid(-1), sigmoid(-1), sigmoid(1), sigmoid(1): about the middle half.
models::MlpHead middle_crop();

/// A PNG of one colour.
std::string png_of(std::uint32_t width, std::uint32_t height, std::uint8_t red,
                   std::uint8_t green = 0, std::uint8_t blue = 0);

}  // namespace assay::embedding::testing

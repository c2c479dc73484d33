/// \file
/// CLIP's image tower as the desk's embedder.

#pragma once

#include "embedding/image_embedder.h"
#include "models/clip_image.h"

#include <utility>

namespace assay::embedding {

/// Errors: as ImageEmbedder.
class ClipEmbedder final : public ImageEmbedder {
 public:
  explicit ClipEmbedder(models::ClipImageEncoder encoder) : encoder_(std::move(encoder)) {}

  std::uint32_t crop_side() const override {
    return static_cast<std::uint32_t>(encoder_.shape().crop_side());
  }
  std::size_t dimension() const override { return encoder_.shape().output_width; }
  std::size_t batch_size() const override { return encoder_.batch_size(); }
  Status embed(std::span<const std::uint8_t> crops, std::span<float> vectors) const override {
    return encoder_.encode(crops, vectors);
  }

  const models::ClipImageEncoder& encoder() const { return encoder_; }

 private:
  models::ClipImageEncoder encoder_;
};

}  // namespace assay::embedding

/// \file
/// Pixels to latents and back, by the model's autoencoder.

#pragma once

#include "core/result.h"
#include "diffusion/model_folder.h"
#include "diffusion/normal_noise.h"
#include "diffusion/pipeline.h"
#include "images/image.h"
#include "models/ir_model.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace assay::diffusion {

/// Threads: one thread at a time. Errors: kInternal (the engine), kInvalidInput (a part that gives
/// something else than it should).
class LatentImages {
 public:
  static Result<LatentImages> load(const ModelDescription& model, const PipelineOptions& options);

  bool can_encode() const { return encoder_ != nullptr; }
  std::size_t num_latents() const { return num_latents_; }

  /// Pre: can_encode(); `image` has the pipeline's size.
  Result<std::vector<float>> encode(const images::Image& image, NormalNoise& noise);
  /// Errors also: kCorrupt (what is no number).
  Result<images::Image> decode(std::span<const float> latents);

 private:
  LatentImages() = default;

  std::unique_ptr<models::IrRequest> encoder_;
  std::string encoder_input_;
  std::string encoder_output_;
  std::unique_ptr<models::IrRequest> decoder_;
  std::string decoder_input_;
  std::string decoder_output_;
  images::ImageSize size_;
  std::size_t num_latents_ = 0;
  double scaling_factor_ = 1;
};

}  // namespace assay::diffusion

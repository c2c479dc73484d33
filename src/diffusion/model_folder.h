/// \file
/// The folder of a diffusion model: which parts it has, and what its files say of them.

#pragma once

#include "core/result.h"
#include "diffusion/scheduler_config.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::diffusion {

/// Stable Diffusion 1 and 2 and what was distilled from them, or SDXL.
enum class ModelFamily : std::uint8_t { kStableDiffusion, kStableDiffusionXl };

struct ModelDescription {
  std::filesystem::path folder = {};
  ModelFamily family = ModelFamily::kStableDiffusion;
  /// Distilled to few steps: it was trained with a guidance of its own.
  bool is_consistency = false;
  SchedulerConfig scheduler = {};
  std::uint32_t latent_channels = 4;
  /// Pixels of a latent pixel's side.
  std::uint32_t latent_step = 8;
  /// By which latents are multiplied for the UNet.
  double scaling_factor = 0;
  /// Of kStableDiffusionXl: an empty negative prompt stands for zeros.
  bool zeros_for_empty_prompt = false;

  std::filesystem::path graph_of(std::string_view part) const {
    return folder / part / "openvino_model.xml";
  }
};

/// Read model_index.json and the small files of its parts, as pipelines of diffusers are exported
/// for the engine.
/// Errors: kNotFound, kCorrupt, kInvalidInput (another kind of pipeline, a member missing),
/// kDenied;
///         each names the file.
Result<ModelDescription> describe_model(files::FileSystem& file_system,
                                        const std::filesystem::path& folder);

/// SHA-256 over the digests of all files that decide how its images look. Cost: reads the weights.
/// Errors: kNotFound, kDenied, kUnavailable, kCancelled.
Result<std::string> digest_of_model(files::FileSystem& file_system, const ModelDescription& model,
                                    const std::stop_token& stop);

}  // namespace assay::diffusion

/// \file
/// Images made on this machine by a diffusion model on disk.

#pragma once

#include "cache/generator.h"
#include "cache/prompt_provider.h"
#include "core/result.h"
#include "diffusion/model_folder.h"
#include "diffusion/pipeline.h"
#include "files/file_system.h"
#include "images/image.h"
#include "models/engine.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace assay::generators {

struct ModelGeneratorOptions {
  std::filesystem::path folder = {};
  std::string device = "CPU";
  models::Precision precision = models::Precision::kAuto;
  /// Of images from a text; a source is set in a frame of this size, and cut out again.
  images::ImageSize size = {.width = 512, .height = 512};
  /// What is missing is what the model's kind was made for.
  cache::GenerationSettings settings = {};
};

/// The image follows from seed, settings and model: on one machine, the same bytes.
/// Errors: those of diffusion::Pipeline.
class ModelGenerator final : public cache::ImageGenerator {
 public:
  /// Reads the small files of the model only. Lifetime: `file_system` and `prompts` outlive it.
  /// Errors also: kInvalidInput (a scheduler that there is none of).
  static Result<std::unique_ptr<ModelGenerator>> open(files::FileSystem& file_system,
                                                      const ModelGeneratorOptions& options,
                                                      const cache::PromptProvider& prompts);

  /// Cost: reads the whole model, and loads it.
  Status prepare(const std::stop_token& stop) const override;
  cache::GeneratorCapabilities capabilities() const override;
  std::string objection_to(const cache::GenerationSource& source) const override;
  Result<std::string> prompt_for(const cache::GenerationRequest& request,
                                 const std::stop_token& stop) const override;
  Result<cache::GeneratedImage> generate(const cache::GenerationRequest& request,
                                         std::string_view prompt,
                                         const cache::OnGenerationProgress& on_progress,
                                         const std::stop_token& stop) const override;

 private:
  /// What there is once it was prepared.
  struct Loaded {
    diffusion::Pipeline pipeline;
    cache::GenerationSettings settings;
  };

  ModelGenerator(files::FileSystem& file_system, diffusion::ModelDescription model,
                 diffusion::PipelineOptions wanted, ModelGeneratorOptions options,
                 const cache::PromptProvider& prompts)
      : file_system_(file_system),
        model_(std::move(model)),
        wanted_(std::move(wanted)),
        options_(std::move(options)),
        prompts_(prompts) {}
  /// Errors: as prepare().
  Result<std::unique_ptr<const Loaded>> load(const std::stop_token& stop) const;
  const Loaded& loaded() const;

  files::FileSystem& file_system_;
  diffusion::ModelDescription model_;
  diffusion::PipelineOptions wanted_;
  ModelGeneratorOptions options_;
  const cache::PromptProvider& prompts_;
  mutable std::mutex mutex_;  // guards the pointer
  mutable std::unique_ptr<const Loaded> loaded_;
};

}  // namespace assay::generators

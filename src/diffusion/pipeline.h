/// \file
/// Images from a text, or from a text and an image, by a diffusion model on disk.

#pragma once

#include "core/result.h"
#include "diffusion/model_folder.h"
#include "diffusion/scheduler_config.h"
#include "files/file_system.h"
#include "images/image.h"
#include "models/engine.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::diffusion {

struct PipelineOptions {
  std::string device = "CPU";
  models::Precision precision = models::Precision::kAuto;
  /// Of all images: the graphs are made for it. Sides are multiples of the model's latent step.
  images::ImageSize size = {.width = 512, .height = 512};
  /// None: the one that the model's files name.
  std::optional<SamplerKind> sampler = {};
  std::int64_t num_steps = 25;
  /// Above 1 the prompt weighs so much more than the negative one; else it stands alone.
  double guidance = 7.5;
};

struct PipelineRequest {
  std::string_view prompt;
  std::string_view negative_prompt = {};
  std::uint64_t seed = 0;
  /// Null: from the prompt alone. Of the pipeline's size.
  const images::Image* source = nullptr;
  /// How much of the source is made anew, above 0 to 1.
  double strength = 0.7;
};

/// Told the share that is done, 0 to 1.
using OnPipelineProgress = std::function<void(double share)>;

/// A loaded model. The same seed and settings give the same image on the same machine.
/// Threads: safe from any thread; one image is made at a time, others wait.
class Pipeline {
 public:
  /// Cost: some GB and some seconds.
  /// Errors: those of describe_model(), tokenizer::open_clip_tokenizer() and
  ///         models::open_ir_model(); kInvalidInput (a size, steps or a sampler that the model does
  ///         not do).
  static Result<Pipeline> load(files::FileSystem& file_system, const ModelDescription& model,
                               const PipelineOptions& options);

  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  /// The one that was asked for or that the files name.
  SamplerKind sampler() const;
  /// Whether it can take a source.
  bool makes_from_image() const;

  /// Pre:    a source only where makes_from_image().
  /// Errors: kInvalidInput (the source's size, a strength that leaves no step), kCorrupt (the model
  ///         gave what is no number), kCancelled, kInternal (the engine's own words).
  Result<images::Image> generate(const PipelineRequest& request,
                                 const OnPipelineProgress& on_progress,
                                 const std::stop_token& stop) const;

 private:
  struct Loaded;
  explicit Pipeline(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace assay::diffusion

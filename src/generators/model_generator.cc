#include "generators/model_generator.h"

#include "core/check.h"
#include "generators/framing.h"
#include "generators/service_generator.h"
#include "images/decode.h"

#include <utility>

namespace assay::generators {
namespace {

constexpr std::string_view kModelGeneratorName = "openvino";
constexpr std::int64_t kModelGeneratorVersion = 1;
constexpr images::DecodeOptions kSourceDecodeOptions{.max_encoded_size = ByteCount(64U << 20),
                                                     .max_pixels = 100'000'000};

/// What such models are usually run with; consistency models are made for a few steps.
void fill_in(cache::GenerationSettings& settings, bool is_consistency) {
  if (!settings.steps) settings.steps = is_consistency ? 4 : 25;
  if (!settings.guidance) settings.guidance = is_consistency ? 8.0 : 7.5;
  if (!settings.strength) settings.strength = 0.7;
}

std::string name_of(const std::filesystem::path& folder) {
  const std::filesystem::path whole = folder.lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace

Result<std::unique_ptr<ModelGenerator>> ModelGenerator::open(files::FileSystem& file_system,
                                                             const ModelGeneratorOptions& options,
                                                             const cache::PromptProvider& prompts) {
  ASSIGN_OR_RETURN(diffusion::ModelDescription model,
                   diffusion::describe_model(file_system, options.folder));
  ModelGeneratorOptions whole = options;
  fill_in(whole.settings, model.is_consistency);
  whole.settings.prompt_source = prompts.name();
  diffusion::PipelineOptions wanted{.device = options.device,
                                    .precision = options.precision,
                                    .size = options.size,
                                    .num_steps = whole.settings.steps.value_or(1),
                                    .guidance = whole.settings.guidance.value_or(1)};
  if (!whole.settings.scheduler.empty()) {
    ASSIGN_OR_RETURN(wanted.sampler, diffusion::parse_sampler_kind(whole.settings.scheduler));
  }
  return std::unique_ptr<ModelGenerator>(new ModelGenerator(
      file_system, std::move(model), std::move(wanted), std::move(whole), prompts));
}

Result<std::unique_ptr<const ModelGenerator::Loaded>> ModelGenerator::load(
    const std::stop_token& stop) const {
  cache::GenerationSettings settings = options_.settings;
  ASSIGN_OR_RETURN(settings.model_digest, diffusion::digest_of_model(file_system_, model_, stop));
  ASSIGN_OR_RETURN(diffusion::Pipeline pipeline,
                   diffusion::Pipeline::load(file_system_, model_, wanted_));
  settings.scheduler = diffusion::to_string(pipeline.sampler());
  return std::make_unique<const Loaded>(std::move(pipeline), std::move(settings));
}

Status ModelGenerator::prepare(const std::stop_token& stop) const {
  const std::scoped_lock lock(mutex_);
  if (!loaded_) {
    ASSIGN_OR_RETURN(loaded_, load(stop));
  }
  return {};
}

const ModelGenerator::Loaded& ModelGenerator::loaded() const {
  const std::scoped_lock lock(mutex_);
  CHECK(loaded_ != nullptr, "a generator is prepared before it is asked");
  return *loaded_;
}

cache::GeneratorCapabilities ModelGenerator::capabilities() const {
  cache::GeneratorCapabilities result{.name = std::string(kModelGeneratorName),
                                      .model_name = name_of(options_.folder),
                                      .version = kModelGeneratorVersion,
                                      .makes_from_text = true,
                                      .reads_images = true,
                                      .wants_examples = prompts_.looks_at_images(),
                                      .settings = options_.settings};
  const std::scoped_lock lock(mutex_);
  if (loaded_) {
    result.makes_from_image = loaded_->pipeline.makes_from_image();
    result.settings = loaded_->settings;
    result.variant = variant_of(kModelGeneratorName, loaded_->settings);
  }
  return result;
}

std::string ModelGenerator::objection_to(const cache::GenerationSource& source) const {
  if (!loaded().pipeline.makes_from_image()) {
    return "the model has no vae_encoder to take images with";
  }
  if (source.origin && !source.origin->source_item.empty()) {
    return "it was made from another image already";
  }
  return "";
}

Result<std::string> ModelGenerator::prompt_for(const cache::GenerationRequest& request,
                                               const std::stop_token& stop) const {
  return prompts_.write(prompt_request_of(request), stop);
}

Result<cache::GeneratedImage> ModelGenerator::generate(
    const cache::GenerationRequest& request, std::string_view prompt,
    const cache::OnGenerationProgress& on_progress, const std::stop_token& stop) const {
  diffusion::PipelineRequest wanted{.prompt = prompt,
                                    .negative_prompt = options_.settings.negative_prompt,
                                    .seed = request.seed,
                                    .strength = options_.settings.strength.value_or(1)};
  const diffusion::Pipeline& pipeline = loaded().pipeline;
  if (!request.source) {
    ASSIGN_OR_RETURN(images::Image image, pipeline.generate(wanted, on_progress, stop));
    return cache::GeneratedImage{.image = std::move(image)};
  }
  auto source = images::decode(request.source->encoded, kSourceDecodeOptions);
  if (!source) return std::move(source.error()).within(request.source->name);
  const Frame frame = frame_in(source->size(), options_.size);
  const images::Image canvas = framed(*source, frame);
  wanted.source = &canvas;
  ASSIGN_OR_RETURN(const images::Image image, pipeline.generate(wanted, on_progress, stop));
  return cache::GeneratedImage{.image = unframed(image, frame)};
}

}  // namespace assay::generators

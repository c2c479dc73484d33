#include "diffusion/pipeline.h"

#include "core/check.h"
#include "core/log.h"
#include "diffusion/latent_images_internal.h"
#include "diffusion/prompt_encoder_internal.h"
#include "diffusion/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace assay::diffusion {
namespace {

constexpr std::uint32_t kMaxSide = 4096;
constexpr std::string_view kGuidanceInput = "timestep_cond";

/// Put `more` behind.
void append(std::vector<float>& numbers, std::span<const float> more) {
  numbers.insert(numbers.end(), more.begin(), more.end());
}

/// The guidance as models of latent consistency take it: sines of it, as Luo et al. embed it.
std::vector<float> embedded_guidance(double guidance, std::size_t width) {
  std::vector<float> embedding(width, 0);
  const std::size_t half = width / 2;
  const double scaled = (guidance - 1) * 1000;
  for (std::size_t i = 0; i < half; ++i) {
    const double rate = half < 2 ? 1
                                 : std::exp(-std::log(10'000.0) * static_cast<double>(i) /
                                            static_cast<double>(half - 1));
    embedding[i] = static_cast<float>(std::sin(scaled * rate));
    embedding[half + i] = static_cast<float>(std::cos(scaled * rate));
  }
  return embedding;
}

/// Errors: kInvalidInput.
Result<SamplerKind> choose_sampler(const ModelDescription& model, const PipelineOptions& options) {
  if (options.sampler) return *options.sampler;
  if (model.scheduler.kind) return *model.scheduler.kind;
  return invalid_input(
      fmt::format("{}: there is no {} here; choose ddim, euler, euler-ancestral or lcm",
                  model.folder.string(), model.scheduler.class_name));
}

/// Of what is not done as the model's folder says.
void warn_of_differences(const ModelDescription& model, SamplerKind sampler, bool is_chosen) {
  if (!is_chosen) {
    for (const std::string& warning : model.scheduler.warnings) log_warning(warning);
  }
  if (model.scheduler.use_karras_sigmas && sampler != SamplerKind::kEuler) {
    log_warning(fmt::format("use_karras_sigmas is not applied: {} has no such steps, euler has",
                            to_string(sampler)));
  }
}

Status check_size(const ModelDescription& model, images::ImageSize size) {
  const std::uint32_t step = model.latent_step;
  const auto is_side = [&](std::uint32_t side) {
    return side >= step && side <= kMaxSide && side % step == 0;
  };
  if (is_side(size.width) && is_side(size.height)) return {};
  return invalid_input(fmt::format("{} x {}: a side is a multiple of {}, up to {} pixels",
                                   size.width, size.height, step, kMaxSide));
}

}  // namespace

struct Pipeline::Loaded {
  ModelDescription model;
  PipelineOptions options;
  SamplerKind sampler = SamplerKind::kDdim;
  PromptEncoder prompts;
  LatentImages images;
  std::unique_ptr<models::IrRequest> unet = nullptr;
  std::string unet_output = {};
  std::size_t guidance_width = 0;  // 0: it is guided by a second, negative text
  std::size_t batch_size = 1;
  bool takes_pooled = false;
  std::mutex mutex = {};  // guards all requests

  Status load_unet();
  Status set_texts(const PipelineRequest& request);
  Result<std::vector<float>> first_latents(const PipelineRequest& request, const Sampler& plan,
                                           NormalNoise& noise);
  Result<std::vector<float>> predict(const Sampler& plan, std::size_t step,
                                     std::span<const float> latents) const;
};

/// Shapes of all inputs are set: a text's width is known from its tower only when it has run.
Status Pipeline::Loaded::load_unet() {
  const std::string file = model.graph_of("unet").string();
  ASSIGN_OR_RETURN(const auto read, models::open_ir_model(file));
  if (read->outputs().empty()) return invalid_input(file + ": it has no output");
  unet_output = read->outputs().front().name;
  ASSIGN_OR_RETURN(const PromptVectors empty, prompts.encode(""));
  const models::IrPort* const guided = models::find_port(read->inputs(), kGuidanceInput);
  if (guided != nullptr) {
    if (guided->shape.size() != 2 || guided->shape[1] < 2 || guided->shape[1] > 65'536) {
      return invalid_input(file + ": timestep_cond is no row of some numbers");
    }
    guidance_width = static_cast<std::size_t>(guided->shape[1]);
  }
  batch_size = guidance_width == 0 && options.guidance > 1 ? 2 : 1;
  models::IrCompileOptions compile{.device = options.device, .precision = options.precision};
  for (const models::IrPort& port : read->inputs()) {
    std::vector<std::size_t>& shape = compile.shapes[port.name];
    if (port.name == "sample") {
      shape = {batch_size, model.latent_channels, options.size.height / model.latent_step,
               options.size.width / model.latent_step};
    } else if (port.name == "timestep") {
      shape.assign(port.shape.size(), 1);
    } else if (port.name == "encoder_hidden_states") {
      shape = {batch_size, prompts.num_tokens(), empty.width};
    } else if (port.name == kGuidanceInput) {
      shape = {batch_size, guidance_width};
    } else if (port.name == "text_embeds" && !empty.pooled.empty()) {
      shape = {batch_size, empty.pooled.size()};
      takes_pooled = true;
    } else if (port.name == "time_ids" && !empty.pooled.empty()) {
      shape = {batch_size, 6};
    } else {
      return invalid_input(fmt::format("{}: there is nothing for its input '{}'", file, port.name));
    }
  }
  for (const char* name : {"sample", "timestep", "encoder_hidden_states"}) {
    if (!compile.shapes.contains(name)) {
      return invalid_input(fmt::format("{}: expected an input '{}'", file, name));
    }
  }
  ASSIGN_OR_RETURN(unet, read->compile(compile));
  return {};
}

/// What stays the same in all steps. The negative text comes first.
Status Pipeline::Loaded::set_texts(const PipelineRequest& request) {
  PromptVectors all;
  if (batch_size == 2) {
    ASSIGN_OR_RETURN(all, prompts.encode(request.negative_prompt));
    if (model.zeros_for_empty_prompt && request.negative_prompt.empty()) {
      std::ranges::fill(all.tokens, 0.0F);
      std::ranges::fill(all.pooled, 0.0F);
    }
  }
  ASSIGN_OR_RETURN(const PromptVectors wanted, prompts.encode(request.prompt));
  append(all.tokens, wanted.tokens);
  append(all.pooled, wanted.pooled);
  RETURN_IF_ERROR(unet->set_floats("encoder_hidden_states", all.tokens));
  if (takes_pooled) {
    RETURN_IF_ERROR(unet->set_floats("text_embeds", all.pooled));
    // The size of the original, where it was cut, and the size that is wanted.
    const auto height = static_cast<float>(options.size.height);
    const auto width = static_cast<float>(options.size.width);
    const std::array<float, 6> one = {height, width, 0, 0, height, width};
    std::vector<float> ids;
    for (std::size_t i = 0; i < batch_size; ++i) append(ids, one);
    RETURN_IF_ERROR(unet->set_floats("time_ids", ids));
  }
  if (guidance_width == 0) return {};
  return unet->set_floats(kGuidanceInput, embedded_guidance(options.guidance, guidance_width));
}

Result<std::vector<float>> Pipeline::Loaded::first_latents(const PipelineRequest& request,
                                                           const Sampler& plan,
                                                           NormalNoise& noise) {
  if (request.source == nullptr) {
    std::vector<float> latents = noise.take(images.num_latents());
    plan.begin(latents);
    return latents;
  }
  ASSIGN_OR_RETURN(std::vector<float> latents, images.encode(*request.source, noise));
  plan.begin_from(latents, noise.take(latents.size()));
  return latents;
}

Result<std::vector<float>> Pipeline::Loaded::predict(const Sampler& plan, std::size_t step,
                                                     std::span<const float> latents) const {
  std::vector<float> scaled(latents.begin(), latents.end());
  for (float& latent : scaled) latent = static_cast<float>(latent * plan.input_scale(step));
  std::vector<float> batch;
  for (std::size_t i = 0; i < batch_size; ++i) append(batch, scaled);
  RETURN_IF_ERROR(unet->set_floats("sample", batch));
  const auto timestep = static_cast<float>(plan.timestep(step));
  RETURN_IF_ERROR(unet->set_floats("timestep", std::span(&timestep, 1)));
  RETURN_IF_ERROR(unet->run());
  ASSIGN_OR_RETURN(const auto given, unet->output(unet_output));
  if (given.size() != batch.size()) {
    return invalid_input("the UNet gives another size than it was given");
  }
  std::vector<float> output(given.begin(),
                            given.begin() + static_cast<std::ptrdiff_t>(scaled.size()));
  if (batch_size == 1) return output;
  const auto guided = given.subspan(scaled.size());
  for (std::size_t i = 0; i < output.size(); ++i) {
    output[i] += static_cast<float>(options.guidance * (guided[i] - output[i]));
  }
  return output;
}

Pipeline::Pipeline(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

Result<Pipeline> Pipeline::load(files::FileSystem& file_system, const ModelDescription& model,
                                const PipelineOptions& options) {
  ASSIGN_OR_RETURN(const SamplerKind sampler, choose_sampler(model, options));
  RETURN_IF_ERROR(check_size(model, options.size));
  RETURN_IF_ERROR(Sampler::create(model.scheduler, sampler, {.num_steps = options.num_steps}));
  warn_of_differences(model, sampler, options.sampler.has_value());
  ASSIGN_OR_RETURN(PromptEncoder prompts, PromptEncoder::load(file_system, model, options));
  ASSIGN_OR_RETURN(LatentImages images, LatentImages::load(model, options));
  auto loaded =
      std::make_unique<Loaded>(model, options, sampler, std::move(prompts), std::move(images));
  RETURN_IF_ERROR(loaded->load_unet());
  return Pipeline(std::move(loaded));
}

SamplerKind Pipeline::sampler() const { return loaded_->sampler; }
bool Pipeline::makes_from_image() const { return loaded_->images.can_encode(); }

Result<images::Image> Pipeline::generate(const PipelineRequest& request,
                                         const OnPipelineProgress& on_progress,
                                         const std::stop_token& stop) const {
  const bool has_source = request.source != nullptr;
  CHECK(!has_source || makes_from_image(), "a source for a model without an encoder");
  if (has_source && request.source->size() != loaded_->options.size) {
    return invalid_input("the source has another size than the model was loaded for");
  }
  ASSIGN_OR_RETURN(const Sampler plan,
                   Sampler::create(loaded_->model.scheduler, loaded_->sampler,
                                   {.num_steps = loaded_->options.num_steps,
                                    .strength = has_source ? request.strength : 1}));
  const std::scoped_lock lock(loaded_->mutex);
  if (stop.stop_requested()) return cancelled("stopped before an image was made");
  NormalNoise noise(request.seed);
  RETURN_IF_ERROR(loaded_->set_texts(request));
  ASSIGN_OR_RETURN(std::vector<float> latents, loaded_->first_latents(request, plan, noise));
  const auto num_parts = static_cast<double>(plan.num_steps() + 1);
  for (std::size_t step = 0; step < plan.num_steps(); ++step) {
    if (stop.stop_requested()) return cancelled("stopped between the steps of an image");
    ASSIGN_OR_RETURN(const std::vector<float> output, loaded_->predict(plan, step, latents));
    const std::vector<float> fresh =
        noise.take(plan.wants_noise(step) ? latents.size() : std::size_t{0});
    plan.advance(step, output, fresh, latents);
    if (on_progress) on_progress(static_cast<double>(step + 1) / num_parts);
  }
  if (stop.stop_requested()) return cancelled("stopped before an image was decoded");
  ASSIGN_OR_RETURN(images::Image image, loaded_->images.decode(latents));
  if (on_progress) on_progress(1);
  return image;
}

}  // namespace assay::diffusion

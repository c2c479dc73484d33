#include "diffusion/latent_images_internal.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

namespace assay::diffusion {
namespace {

/// As diffusers bounds them.
constexpr double kLeastLogVariance = -30;
constexpr double kMostLogVariance = 20;

/// Planes of -1 to 1, red first.
std::vector<float> planes_of(const images::Image& image) {
  const std::size_t num_pixels = image.size().num_pixels();
  const auto pixels = image.pixels();
  std::vector<float> planes(pixels.size());
  for (std::size_t i = 0; i < num_pixels; ++i) {
    for (std::size_t channel = 0; channel < images::kNumChannels; ++channel) {
      planes[(channel * num_pixels) + i] =
          (static_cast<float>(pixels[(i * images::kNumChannels) + channel]) / 127.5F) - 1;
    }
  }
  return planes;
}

struct OpenedPart {
  std::unique_ptr<models::IrRequest> request;
  std::string input;
  std::string output;
};

/// A graph with one input, for one image at a time.
Result<OpenedPart> open_part(const std::filesystem::path& graph, const PipelineOptions& options,
                             const std::vector<std::size_t>& shape) {
  ASSIGN_OR_RETURN(const auto read, models::open_ir_model(graph));
  if (read->inputs().size() != 1 || read->outputs().empty()) {
    return invalid_input(graph.string() + ": expected one input and an output");
  }
  OpenedPart part{.request = nullptr,
                  .input = read->inputs().front().name,
                  .output = read->outputs().front().name};
  ASSIGN_OR_RETURN(part.request, read->compile({.device = options.device,
                                                .precision = options.precision,
                                                .shapes = {{part.input, shape}}}));
  return part;
}

}  // namespace

Result<LatentImages> LatentImages::load(const ModelDescription& model,
                                        const PipelineOptions& options) {
  LatentImages images;
  images.size_ = options.size;
  images.scaling_factor_ = model.scaling_factor;
  const std::size_t height = options.size.height / model.latent_step;
  const std::size_t width = options.size.width / model.latent_step;
  images.num_latents_ = model.latent_channels * height * width;
  ASSIGN_OR_RETURN(OpenedPart decoder, open_part(model.graph_of("vae_decoder"), options,
                                                 {1, model.latent_channels, height, width}));
  images.decoder_ = std::move(decoder.request);
  images.decoder_input_ = std::move(decoder.input);
  images.decoder_output_ = std::move(decoder.output);
  std::error_code code;
  if (!std::filesystem::exists(model.graph_of("vae_encoder"), code)) return images;
  ASSIGN_OR_RETURN(OpenedPart encoder,
                   open_part(model.graph_of("vae_encoder"), options,
                             {1, images::kNumChannels, options.size.height, options.size.width}));
  images.encoder_ = std::move(encoder.request);
  images.encoder_input_ = std::move(encoder.input);
  images.encoder_output_ = std::move(encoder.output);
  return images;
}

Result<std::vector<float>> LatentImages::encode(const images::Image& image, NormalNoise& noise) {
  RETURN_IF_ERROR(encoder_->set_floats(encoder_input_, planes_of(image)));
  RETURN_IF_ERROR(encoder_->run());
  ASSIGN_OR_RETURN(const auto given, encoder_->output(encoder_output_));
  std::vector<float> latents(num_latents_);
  if (given.size() == num_latents_) {
    // An export that draws by itself.
    std::ranges::copy(given, latents.begin());
  } else if (given.size() == 2 * num_latents_) {
    // A mean and the logarithm of a variance for each.
    const std::vector<float> drawn = noise.take(num_latents_);
    for (std::size_t i = 0; i < num_latents_; ++i) {
      const double log_variance = std::clamp(static_cast<double>(given[num_latents_ + i]),
                                             kLeastLogVariance, kMostLogVariance);
      latents[i] = static_cast<float>(given[i] + (std::exp(log_variance / 2) * drawn[i]));
    }
  } else {
    return invalid_input("the encoder of images gives latents of another size than the decoder's");
  }
  for (float& latent : latents) latent = static_cast<float>(latent * scaling_factor_);
  return latents;
}

Result<images::Image> LatentImages::decode(std::span<const float> latents) {
  std::vector<float> scaled(latents.begin(), latents.end());
  for (float& latent : scaled) latent = static_cast<float>(latent / scaling_factor_);
  RETURN_IF_ERROR(decoder_->set_floats(decoder_input_, scaled));
  RETURN_IF_ERROR(decoder_->run());
  ASSIGN_OR_RETURN(const auto planes, decoder_->output(decoder_output_));
  const std::size_t num_pixels = size_.num_pixels();
  if (planes.size() != num_pixels * images::kNumChannels) {
    return invalid_input("the decoder of images gives another size than was asked for");
  }
  images::Image image = images::Image::with_size(size_);
  const auto pixels = image.pixels();
  for (std::size_t i = 0; i < num_pixels; ++i) {
    for (std::size_t channel = 0; channel < images::kNumChannels; ++channel) {
      const float value = planes[(channel * num_pixels) + i];
      if (!std::isfinite(value)) {
        return corrupt("the model gave what is no number; try the precision fp32");
      }
      const float sample = std::clamp((value + 1) * 127.5F, 0.0F, 255.0F);
      pixels[(i * images::kNumChannels) + channel] = static_cast<std::uint8_t>(std::lround(sample));
    }
  }
  return image;
}

}  // namespace assay::diffusion

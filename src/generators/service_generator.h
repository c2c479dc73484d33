/// \file
/// Images made by a service: the API of OpenAI, or that of AUTOMATIC1111's web UI.

#pragma once

#include "cache/generator.h"
#include "cache/prompt_provider.h"
#include "core/result.h"
#include "generators/service.h"

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::generators {

enum class ImageApi {
  kOpenAi,  ///< /v1/images/generations and /v1/images/edits
  kA1111,   ///< /sdapi/v1/txt2img and img2img
};

/// "openai" or "a1111".
std::string_view to_string(ImageApi api);
/// Errors: kInvalidInput, which lists the names.
Result<ImageApi> parse_image_api(std::string_view name);

struct ServiceModel {
  ImageApi api = ImageApi::kOpenAi;
  /// Empty: what the service takes by itself.
  std::string name = {};
  /// Of them kOpenAi has none.
  cache::GenerationSettings settings = {};
  /// Sources are made so small before they are sent.
  std::uint32_t max_source_side = 1024;
};

/// Photos are sent as PNG in a frame of sides that models can do, and what comes back is cut to it.
/// With kOpenAi the image does not follow from the seed: the API has none.
/// Errors: those of Service; kCorrupt (no image, or a source's that has another aspect ratio).
class ServiceGenerator final : public cache::ImageGenerator {
 public:
  /// Lifetime: `prompts` outlives the generator.
  ServiceGenerator(Service service, ServiceModel model, const cache::PromptProvider& prompts);

  cache::GeneratorCapabilities capabilities() const override;
  std::string objection_to(const cache::GenerationSource& source) const override;
  Result<std::string> prompt_for(const cache::GenerationRequest& request,
                                 const std::stop_token& stop) const override;
  Result<cache::GeneratedImage> generate(const cache::GenerationRequest& request,
                                         std::string_view prompt,
                                         const cache::OnGenerationProgress& on_progress,
                                         const std::stop_token& stop) const override;

 private:
  Result<cache::GeneratedImage> fetch_image(std::string_view prompt, std::uint64_t seed,
                                            images::ImageSize size, const images::Image* source,
                                            const std::stop_token& stop) const;

  Service service_;
  ServiceModel model_;
  const cache::PromptProvider& prompts_;
};

/// The request that a provider gets for an image: its source, else the example.
cache::PromptRequest prompt_request_of(const cache::GenerationRequest& request);

/// GeneratorCapabilities::variant: eight digits that stand for what decides how images look.
std::string variant_of(std::string_view model, const cache::GenerationSettings& settings);

}  // namespace assay::generators

/// \file
/// The generator that needs no model: it draws roads, for demos and tests.

#pragma once

#include "cache/generator.h"
#include "images/scene.h"

#include <cstdint>
#include <string>

namespace assay::cache {

/// A sentence that names what the scene shows and nothing else; the words are chosen by `seed`.
std::string scene_prompt(const images::Scene& scene, std::uint64_t seed);

/// Draws images::Scene. From an image only when that is a scene too: the same one in other light or
/// weather.
/// Errors: kInvalidInput (a side below images::kMinSceneSide), kCancelled.
class SceneGenerator final : public ImageGenerator {
 public:
  GeneratorCapabilities capabilities() const override;
  std::string objection_to(const GenerationSource& source) const override;
  Result<std::string> prompt_for(const GenerationRequest& request,
                                 const std::stop_token& stop) const override;
  Result<GeneratedImage> generate(const GenerationRequest& request, std::string_view prompt,
                                  const OnGenerationProgress& on_progress,
                                  const std::stop_token& stop) const override;
};

}  // namespace assay::cache

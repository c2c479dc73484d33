#include "cache/scene_generator.h"

#include "core/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace assay::cache {
namespace {

using images::Scene;
using images::SceneLight;
using images::ScenePlace;
using images::SceneWeather;
using images::SceneWorks;

constexpr std::string_view kName = "scene";
constexpr std::string_view kModelName = "assay-scene";
constexpr std::int64_t kSceneVersion = 1;

std::string_view pick(SeededRandom& random, std::initializer_list<std::string_view> words) {
  return words.begin()[random.below(words.size())];
}

std::string_view place_words(SeededRandom& random, ScenePlace place) {
  switch (place) {
    case ScenePlace::kHighway:
      return pick(random, {"highway", "motorway", "freeway"});
    case ScenePlace::kCity:
      return pick(random, {"city street", "street between buildings", "town street"});
    case ScenePlace::kCountry:
      return pick(random, {"country road", "rural road"});
    case ScenePlace::kForest:
      break;
  }
  return pick(random, {"road along a forest", "road lined by trees"});
}

std::string_view light_words(SeededRandom& random, SceneLight light) {
  switch (light) {
    case SceneLight::kDay:
      return pick(random, {"by day", "in daylight"});
    case SceneLight::kLowSun:
      return pick(random, {"in warm light", "in low sun light"});
    case SceneLight::kDusk:
      return pick(random, {"at dusk", "at twilight"});
    case SceneLight::kNight:
      break;
  }
  return pick(random, {"at night", "in the dark"});
}

std::string_view weather_words(SeededRandom& random, SceneWeather weather) {
  switch (weather) {
    case SceneWeather::kClear:
      return pick(random, {"under a clear sky", "in clear weather"});
    case SceneWeather::kOvercast:
      return pick(random, {"under an overcast sky", "under gray clouds"});
    case SceneWeather::kRain:
      return pick(random, {"in the rain", "on wet asphalt in rain"});
    case SceneWeather::kFog:
      return pick(random, {"in fog", "in dense haze"});
    case SceneWeather::kSnow:
      break;
  }
  return pick(random, {"in falling snow", "with snow beside it"});
}

std::vector<std::string_view> works_words(SeededRandom& random, const SceneWorks& works) {
  std::vector<std::string_view> parts;
  if (works.has_cones) {
    parts.push_back(pick(random, {"a row of traffic cones", "orange cones in a line"}));
  }
  if (works.has_drums) {
    parts.push_back(pick(random, {"orange and white drums", "a line of striped drums"}));
  }
  if (works.has_barriers) {
    parts.push_back(pick(random, {"a striped barrier", "a red and white barrier"}));
  }
  if (works.has_sign) parts.push_back(pick(random, {"an orange works sign", "a roadwork sign"}));
  if (works.has_arrow_board) {
    parts.push_back(pick(random, {"a lit arrow board", "an arrow board on a trailer"}));
  }
  if (works.has_digger) parts.push_back(pick(random, {"a yellow digger", "a yellow excavator"}));
  if (works.has_workers) {
    parts.push_back(pick(random, {"workers in yellow vests", "workers with helmets"}));
  }
  if (works.has_trench) parts.push_back(pick(random, {"an open trench", "dug-up asphalt"}));
  return parts;
}

images::SceneLabel scene_label(Label label) {
  return label == Label::kRoadwork ? images::SceneLabel::kRoadwork : images::SceneLabel::kNone;
}

Scene scene_of(const GenerationRequest& request) {
  if (!request.source) return images::plan_scene(request.seed, scene_label(request.label));
  const std::uint64_t seed = request.source->origin ? request.source->origin->seed : 0;
  return images::relit(images::plan_scene(seed, scene_label(request.source->label)), request.seed);
}

std::string words_for(const GenerationRequest& request) {
  return scene_prompt(scene_of(request), request.seed);
}

}  // namespace

std::string scene_prompt(const Scene& scene, std::uint64_t seed) {
  SeededRandom random(seed);
  std::string text =
      fmt::format("{} of a {} with {} lanes {} {}",
                  pick(random, {"Drawing", "Drawn dashcam view", "Computer-drawn view"}),
                  place_words(random, scene.place), scene.num_lanes,
                  light_words(random, scene.light), weather_words(random, scene.weather));
  if (scene.label == images::SceneLabel::kNone) {
    return text + fmt::format(", {}.", pick(random, {"the road is clear", "free of works"}));
  }
  const auto parts = works_words(random, scene.works);
  text += fmt::format(", {} on the {}: ", pick(random, {"roadwork", "road works", "a work zone"}),
                      scene.works.side == images::SceneSide::kLeft ? "left" : "right");
  return text + fmt::format("{}.", fmt::join(parts, ", "));
}

GeneratorCapabilities SceneGenerator::capabilities() const {
  return {.name = std::string(kName),
          .model_name = std::string(kModelName),
          .version = kSceneVersion,
          .makes_from_text = true,
          .makes_from_image = true};
}

std::string SceneGenerator::objection_to(const GenerationSource& source) const {
  if (!source.origin || source.origin->generator != kName) {
    return "it is no drawing of assay-scene, the only images that this provider can change";
  }
  if (source.origin->version != kSceneVersion) {
    return fmt::format("it was drawn by version {} of assay-scene, and this one is {}",
                       source.origin->version, kSceneVersion);
  }
  const GenerationRequest drawn{.label = source.label, .seed = source.origin->seed};
  if (!source.origin->source_seed && words_for(drawn) != source.origin->prompt) {
    return "its label or its sidecar was changed since it was drawn";
  }
  if (source.origin->source_seed) return "it is a drawing that was changed already";
  if (std::min(source.size.width, source.size.height) < images::kMinSceneSide) {
    return fmt::format("a side of it is below {} pixels", images::kMinSceneSide);
  }
  return "";
}

Result<std::string> SceneGenerator::prompt_for(const GenerationRequest& request,
                                               const std::stop_token& /*stop*/) const {
  return words_for(request);
}

Result<GeneratedImage> SceneGenerator::generate(const GenerationRequest& request,
                                                std::string_view /*prompt*/,
                                                const OnGenerationProgress& on_progress,
                                                const std::stop_token& stop) const {
  if (stop.stop_requested()) return cancelled("stopped before a scene was drawn");
  if (std::min(request.size.width, request.size.height) < images::kMinSceneSide) {
    return invalid_input(
        fmt::format("{} x {} is too small for a scene: a side has at least {} "
                    "pixels",
                    request.size.width, request.size.height, images::kMinSceneSide));
  }
  images::Image image = images::draw_scene(scene_of(request), request.size);
  if (on_progress) on_progress(1);
  return GeneratedImage{.image = std::move(image)};
}

}  // namespace assay::cache

#include "miner/prompt_scene.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace assay::miner {
namespace {

using images::SceneLabel;
using images::SceneLight;
using images::ScenePlace;
using images::SceneWeather;

template <typename Kind>
using Word = std::pair<std::string_view, Kind>;

constexpr std::array<std::string_view, 6> kWorksWords = {"roadwork",     "road work", "work zone",
                                                         "construction", "roadworks", "excavator"};
// What denies the words above.
constexpr std::array<std::string_view, 6> kClearWords = {"no roadwork",   "without works",
                                                         "free of works", "no construction",
                                                         "road is clear", "without roadwork"};
constexpr std::array<Word<ScenePlace>, 8> kPlaces = {{{"highway", ScenePlace::kHighway},
                                                      {"motorway", ScenePlace::kHighway},
                                                      {"freeway", ScenePlace::kHighway},
                                                      {"street", ScenePlace::kCity},
                                                      {"country road", ScenePlace::kCountry},
                                                      {"rural", ScenePlace::kCountry},
                                                      {"forest", ScenePlace::kForest},
                                                      {"trees", ScenePlace::kForest}}};
constexpr std::array<Word<SceneLight>, 9> kLights = {{{"by day", SceneLight::kDay},
                                                      {"daylight", SceneLight::kDay},
                                                      {"low sun", SceneLight::kLowSun},
                                                      {"warm light", SceneLight::kLowSun},
                                                      {"sunset", SceneLight::kLowSun},
                                                      {"dusk", SceneLight::kDusk},
                                                      {"twilight", SceneLight::kDusk},
                                                      {"night", SceneLight::kNight},
                                                      {"in the dark", SceneLight::kNight}}};
constexpr std::array<Word<SceneWeather>, 8> kWeathers = {{{"clear sky", SceneWeather::kClear},
                                                          {"clear weather", SceneWeather::kClear},
                                                          {"overcast", SceneWeather::kOvercast},
                                                          {"clouds", SceneWeather::kOvercast},
                                                          {"rain", SceneWeather::kRain},
                                                          {"fog", SceneWeather::kFog},
                                                          {"haze", SceneWeather::kFog},
                                                          {"snow", SceneWeather::kSnow}}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return result;
}

bool has_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

template <typename Kind>
std::optional<Kind> find_kind(std::string_view text, std::span<const Word<Kind>> words) {
  const auto found = std::ranges::find_if(
      words, [&](const Word<Kind>& word) { return text.contains(word.first); });
  if (found == words.end()) return std::nullopt;
  return found->second;
}

}  // namespace

images::Scene scene_of_prompt(std::string_view prompt, std::uint64_t seed) {
  const std::string text = lower(prompt);
  const bool has_works = has_any(text, kWorksWords) && !has_any(text, kClearWords);
  images::Scene scene =
      images::plan_scene(seed, has_works ? SceneLabel::kRoadwork : SceneLabel::kNone);
  if (const auto place = find_kind<ScenePlace>(text, kPlaces)) scene.place = *place;
  if (const auto light = find_kind<SceneLight>(text, kLights)) scene.light = *light;
  if (const auto weather = find_kind<SceneWeather>(text, kWeathers)) scene.weather = *weather;
  return scene;
}

}  // namespace assay::miner

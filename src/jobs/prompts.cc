#include "jobs/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::jobs {
namespace {

template <std::size_t size>
std::string_view pick(RandomSource& random, const std::array<std::string_view, size>& words) {
  return words[random.below(size)];
}

constexpr std::array<std::string_view, 4> kViews = {"Photorealistic dashcam footage",
                                                    "A photo through a windscreen",
                                                    "A dashcam still", "A driver's view"};
constexpr std::array<std::string_view, 12> kPlaces = {"a motorway with three lanes",
                                                      "a motorway near an exit",
                                                      "a city street with tram rails",
                                                      "a narrow street in an old town",
                                                      "a street of shops",
                                                      "a junction with traffic lights",
                                                      "a country road between fields",
                                                      "a mountain road with bends",
                                                      "a road along a forest",
                                                      "a bridge over a river",
                                                      "a ring road beside houses",
                                                      "a village street"};
constexpr std::array<std::string_view, 8> kLights = {"in the morning",
                                                     "at noon",
                                                     "in low evening sun",
                                                     "at dusk",
                                                     "at night under street lamps",
                                                     "at night in the headlights",
                                                     "at dawn",
                                                     "in flat winter light"};
constexpr std::array<std::string_view, 9> kWeathers = {"under a clear sky",
                                                       "under broken clouds",
                                                       "under a gray sky",
                                                       "in light rain",
                                                       "in heavy rain",
                                                       "on wet asphalt after rain",
                                                       "in fog",
                                                       "in falling snow",
                                                       "in haze"};
constexpr std::array<std::string_view, 9> kTraffic = {
    "a van ahead",           "a lorry ahead",           "dense traffic",
    "a cyclist at the side", "parked cars at the side", "an empty lane ahead",
    "a bus ahead",           "two cars coming",         "people on the pavement"};
constexpr std::array<std::string_view, 14> kWorks = {
    "a row of orange cones",      "red and white barriers",    "striped drums",
    "an orange warning sign",     "a lit arrow board",         "a yellow digger",
    "a roller on fresh asphalt",  "workers in yellow vests",   "an open trench with a fence",
    "a pile of gravel",           "a temporary traffic light", "a lorry that carries asphalt",
    "a lane closed with a taper", "yellow temporary lines"};
constexpr std::array<std::string_view, 4> kNoWorks = {
    "the road is clear and there are no road works", "no road works in sight",
    "all lanes are open, no road works", "an ordinary day with no road works"};

std::string works_text(RandomSource& random) {
  // Different things, in the order in which they were drawn.
  std::vector<std::string_view> things;
  const std::size_t num_things = 1 + random.below(3);
  while (things.size() < num_things) {
    const std::string_view thing = pick(random, kWorks);
    if (std::ranges::find(things, thing) == things.end()) things.push_back(thing);
  }
  return fmt::format("road works on the {}: {}", random.below(2) == 0 ? "left" : "right",
                     fmt::join(things, ", "));
}

constexpr std::array<std::string_view, 4> kClear = {"the road is clear", "all lanes are open",
                                                    "smooth asphalt, an ordinary day",
                                                    "an open road ahead"};

std::string view_text(RandomSource& random) {
  const std::string_view view = pick(random, kViews);
  const std::string_view place = pick(random, kPlaces);
  const std::string_view light = pick(random, kLights);
  const std::string_view weather = pick(random, kWeathers);
  const std::string_view traffic = pick(random, kTraffic);
  return fmt::format("{} of {} {} {}, {}", view, place, light, weather, traffic);
}

}  // namespace

std::string template_prompt(PromptLabel label, std::uint64_t seed) {
  SeededRandom random(seed);
  const std::string view = view_text(random);
  const std::string works =
      label == PromptLabel::kRoadwork ? works_text(random) : std::string(pick(random, kNoWorks));
  return fmt::format("{}; {}.", view, works);
}

std::string clear_view_prompt(std::uint64_t seed) {
  SeededRandom random(seed);
  const std::string view = view_text(random);
  return fmt::format("{}; {}.", view, pick(random, kClear));
}

Prompt TemplatePrompts::next(RandomSource& random) {
  const PromptLabel label = random.below(2) == 0 ? PromptLabel::kNone : PromptLabel::kRoadwork;
  std::string text = template_prompt(label, random.next());
  while (text == last_) text = template_prompt(label, random.next());
  last_ = text;
  return {.text = std::move(text), .label = label};
}

}  // namespace assay::jobs

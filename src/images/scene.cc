#include "images/scene.h"

#include "core/check.h"
#include "images/scene_internal.h"

#include <algorithm>

namespace assay::images {
namespace {

template <typename Choice>
Choice pick(SeededRandom& random, std::initializer_list<Choice> choices) {
  return choices.begin()[random.below(choices.size())];
}

bool is_drawn(SeededRandom& random, double share) { return random.unit() < share; }

void choose_air(Scene& scene) {
  SeededRandom random = sequence_of(scene.air_seed, ScenePart::kAir);
  scene.light = pick(random, {SceneLight::kDay, SceneLight::kDay, SceneLight::kDay,
                              SceneLight::kLowSun, SceneLight::kDusk, SceneLight::kNight});
  scene.weather = pick(random, {SceneWeather::kClear, SceneWeather::kClear, SceneWeather::kOvercast,
                                SceneWeather::kRain, SceneWeather::kFog, SceneWeather::kSnow});
}

SceneWorks plan_works(SeededRandom& random) {
  SceneWorks works;
  works.side = pick(random, {SceneSide::kLeft, SceneSide::kRight, SceneSide::kRight});
  // One of the two keeps traffic out; a sign alone would be works that nobody sees.
  works.has_cones = is_drawn(random, 0.65);
  works.has_drums = !works.has_cones;
  works.has_barriers = is_drawn(random, 0.65);
  works.has_sign = is_drawn(random, 0.7);
  works.has_arrow_board = is_drawn(random, 0.3);
  works.has_digger = is_drawn(random, 0.5);
  works.has_workers = is_drawn(random, 0.55);
  works.has_trench = is_drawn(random, 0.5);
  return works;
}

}  // namespace

SeededRandom sequence_of(std::uint64_t seed, ScenePart part) {
  SeededRandom of_part(static_cast<std::uint64_t>(part) + 1);
  return SeededRandom(seed ^ of_part.next());
}

Scene plan_scene(std::uint64_t seed, SceneLabel label) {
  SeededRandom random = sequence_of(seed, ScenePart::kPlan);
  Scene scene{.seed = seed, .air_seed = seed, .label = label};
  scene.place = pick(
      random, {ScenePlace::kHighway, ScenePlace::kCity, ScenePlace::kCountry, ScenePlace::kForest});
  const int num_more = static_cast<int>(random.below(3));
  scene.num_lanes =
      scene.place == ScenePlace::kHighway || scene.place == ScenePlace::kCity ? 2 + num_more : 2;
  scene.num_vehicles = static_cast<int>(random.below(5));
  if (label == SceneLabel::kRoadwork) scene.works = plan_works(random);
  choose_air(scene);
  return scene;
}

Scene relit(const Scene& scene, std::uint64_t air_seed) {
  Scene other = scene;
  other.air_seed = air_seed;
  choose_air(other);
  while (other.light == scene.light && other.weather == scene.weather) {
    ++other.air_seed;
    choose_air(other);
  }
  return other;
}

Image draw_scene(const Scene& scene, ImageSize size) {
  CHECK(std::min(size.width, size.height) >= kMinSceneSide, "a scene that is too small to be seen");
  Stage stage(scene, size);
  draw_backdrop(stage);
  draw_road(stage);
  draw_things(stage);
  draw_air(stage);
  return stage.canvas().take();
}

}  // namespace assay::images

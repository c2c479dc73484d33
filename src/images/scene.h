/// \file
/// Drawn roads, with and without works: for demos and tests, where no photos are at hand. Nobody
/// takes them for photos.

#pragma once

#include "images/image.h"

#include <cstdint>

namespace assay::images {

enum class SceneLabel : std::uint8_t { kNone, kRoadwork };
enum class ScenePlace : std::uint8_t { kHighway, kCity, kCountry, kForest };
enum class SceneLight : std::uint8_t { kDay, kLowSun, kDusk, kNight };
enum class SceneWeather : std::uint8_t { kClear, kOvercast, kRain, kFog, kSnow };
enum class SceneSide : std::uint8_t { kLeft, kRight };

/// Which things of works are seen; all false without works.
struct SceneWorks {
  SceneSide side = SceneSide::kRight;
  bool has_cones = false;
  bool has_drums = false;
  bool has_barriers = false;
  bool has_sign = false;
  bool has_arrow_board = false;
  bool has_digger = false;
  bool has_workers = false;
  bool has_trench = false;
};

/// What a picture shows. Positions, colours and the smaller things follow from the two seeds.
struct Scene {
  std::uint64_t seed = 0;      ///< Of everything that stands and drives.
  std::uint64_t air_seed = 0;  ///< Of light and weather.
  SceneLabel label = SceneLabel::kNone;
  ScenePlace place = ScenePlace::kHighway;
  SceneLight light = SceneLight::kDay;
  SceneWeather weather = SceneWeather::kClear;
  int num_lanes = 2;
  int num_vehicles = 0;
  SceneWorks works = {};
};

/// The scene of a seed: the same on every machine and in every version.
Scene plan_scene(std::uint64_t seed, SceneLabel label);

/// The same place and things in another light or weather: never both as they are.
Scene relit(const Scene& scene, std::uint64_t air_seed);

/// The pixels follow from the scene and the size alone, on every machine.
/// Pre: no side is below kMinSceneSide. Cost: some 0.1 s a megapixel.
Image draw_scene(const Scene& scene, ImageSize size);

inline constexpr std::uint32_t kMinSceneSide = 64;

}  // namespace assay::images

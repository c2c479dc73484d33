#include "images/scene_internal.h"

#include <algorithm>
#include <array>

namespace assay::images {
namespace {

double between(SeededRandom& random, double from, double to) {
  return from + (random.unit() * (to - from));
}

Tint sky_of(const Scene& scene) {
  Tint sky;
  switch (scene.light) {
    case SceneLight::kDay:
      sky = {78, 132, 205};
      break;
    case SceneLight::kLowSun:
      sky = {96, 120, 168};
      break;
    case SceneLight::kDusk:
      sky = {48, 50, 92};
      break;
    case SceneLight::kNight:
      sky = {6, 8, 20};
      break;
  }
  if (scene.weather == SceneWeather::kClear) return sky;
  const double gray = (sky.red + sky.green + sky.blue) / 3;
  return mixed(sky, {gray, gray, gray * 1.04}, 0.85);
}

void fill_half(Stage& stage, double from, double to, Paint paint) {
  const double far = stage.width() + stage.height();
  const std::array<Point, 4> area = {stage.turned({-far, from}), stage.turned({far * 2, from}),
                                     stage.turned({far * 2, to}), stage.turned({-far, to})};
  stage.canvas().fill(area, paint);
}

int scale_for(const Stage& stage, double share) {
  const double wanted = stage.width() * share;
  int scale = 0;
  while (scale < 12 && (1 << (scale + 1)) <= wanted) ++scale;
  return scale;
}

void draw_clouds(Stage& stage, SeededRandom& random) {
  const Scene& scene = stage.scene();
  if (scene.weather == SceneWeather::kFog || scene.light == SceneLight::kNight) return;
  const bool is_clear = scene.weather == SceneWeather::kClear;
  const auto count = 3 + random.below(is_clear ? 6 : 12);
  const Tint white = mixed(stage.haze(), {255, 255, 255}, is_clear ? 0.6 : 0.1);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Point middle{.x = between(random, -0.1, 1.1) * stage.width(),
                       .y = between(random, -0.1, 0.85) * stage.horizon()};
    const double size = between(random, 0.05, 0.2) * stage.width();
    const Tint tint = scaled(white, between(random, is_clear ? 0.94 : 0.72, 1.04));
    const auto puffs = 4 + random.below(5);
    for (std::uint64_t puff = 0; puff < puffs; ++puff) {
      const Point at{.x = middle.x + (between(random, -1, 1) * size),
                     .y = middle.y + (between(random, -0.25, 0.2) * size)};
      const double radius = between(random, 0.25, 0.6) * size;
      for (int ring = 4; ring > 0; --ring) {
        const double part = radius * ring / 4;
        stage.canvas().fill(disc(at, {.x = part, .y = part * 0.42}), plain(color_of(tint), 40));
      }
    }
  }
}

void draw_sun_or_moon(Stage& stage, SeededRandom& random) {
  const Scene& scene = stage.scene();
  if (scene.weather != SceneWeather::kClear || scene.light == SceneLight::kDusk) return;
  const Point middle{.x = between(random, 0.02, 0.98) * stage.width(),
                     .y = between(random, 0.1, 0.7) * stage.horizon()};
  const bool is_moon = scene.light == SceneLight::kNight;
  const Tint tint = is_moon ? Tint{226, 228, 214} : Tint{255, 246, 214};
  const double radius = stage.width() * (is_moon ? 0.012 : 0.02);
  for (int ring = 12; ring > 0; --ring) {
    const double size = radius * (1 + (ring * (is_moon ? 0.4 : 0.9)));
    stage.canvas().fill(disc(middle, {.x = size, .y = size}), plain(color_of(tint), 14));
  }
  stage.canvas().fill(disc(middle, {.x = radius, .y = radius}), plain(color_of(tint)));
}

/// Hills, woods or roofs where the ground ends.
void draw_skyline(Stage& stage, SeededRandom& random, double depth, double tallest) {
  const Scene& scene = stage.scene();
  const bool has_roofs = scene.place == ScenePlace::kCity;
  const double step = stage.width() / static_cast<double>(10 + random.below(has_roofs ? 20 : 12));
  const double base = stage.horizon() + (stage.height() * 0.02);
  double level = between(random, 0.2, 1);
  std::vector<Point> outline = {stage.turned({-step * 4, base})};
  double x = -step * 4;
  while (x < stage.width() + (step * 4)) {
    const double next = has_roofs ? between(random, 0.15, 1)
                                  : std::clamp(level + between(random, -0.35, 0.35), 0.05, 1.0);
    const auto rise = [&](double share) { return share * tallest * stage.height(); };
    if (has_roofs) outline.push_back(stage.turned({x, stage.horizon() - rise(level)}));
    outline.push_back(stage.turned({x, stage.horizon() - rise(next)}));
    level = next;
    x += step;
  }
  outline.push_back(stage.turned({stage.width() + (step * 4), base}));
  const Tint tint = has_roofs ? Tint{92, 94, 104} : Tint{62, 86, 58};
  Paint paint = plain(stage.lit(tint, depth));
  paint.grain = 7;
  paint.grain_scale = 2;
  paint.grain_seed = random.next();
  stage.canvas().fill(outline, paint);
}

Tint ground_of(const Scene& scene) {
  if (scene.weather == SceneWeather::kSnow) return {214, 218, 226};
  switch (scene.place) {
    case ScenePlace::kHighway:
      return {112, 122, 78};
    case ScenePlace::kCity:
      return {138, 134, 128};
    case ScenePlace::kCountry:
      return {126, 140, 70};
    case ScenePlace::kForest:
      break;
  }
  return {74, 92, 50};
}

/// A band along the road, `from` and `to` in metres from its middle.
void draw_band(Stage& stage, double from, double to, double near, double far, const Tint& tint,
               int grain, std::uint64_t seed) {
  constexpr double kStretch = 1.18;
  double depth = near;
  while (depth < far) {
    const double end = std::min(depth * kStretch * 1.01, far);
    const std::array<Point, 4> area = {
        stage.at({.side = from, .depth = depth}), stage.at({.side = to, .depth = depth}),
        stage.at({.side = to, .depth = end}), stage.at({.side = from, .depth = end})};
    const double upper = std::min(area[2].y, area[3].y);
    Paint paint{.top = stage.lit(tint, end),
                .bottom = stage.lit(tint, depth),
                .y_top = upper,
                .y_bottom = std::max(area[0].y, area[1].y),
                .grain = static_cast<int>(grain / (1 + (depth / 12))),
                .grain_scale = depth < 6 ? 1 : 0,
                .grain_seed = seed};
    stage.canvas().fill(area, paint);
    depth *= kStretch;
  }
}

void draw_lines(Stage& stage, SeededRandom& random) {
  const Tint white{232, 232, 226};
  const Tint yellow{226, 184, 62};
  const double wear = between(random, 0.72, 1);
  const double half = 0.07;
  const double period = between(random, 7, 13);
  const double start = between(random, 0, period);
  for (int lane = 0; lane <= stage.scene().num_lanes; ++lane) {
    const double side = (lane * Stage::kLaneWidth) - (stage.road_width() / 2);
    const bool is_edge = lane == 0 || lane == stage.scene().num_lanes;
    const bool is_yellow = is_edge ? lane == 0 : stage.scene().place == ScenePlace::kCountry;
    const Tint tint = scaled(is_yellow ? yellow : white, wear);
    if (is_edge) {
      const double inward = lane == 0 ? 0.25 : -0.25;
      draw_band(stage, side + inward - half, side + inward + half, 1.2, 160, tint, 12, 1);
      continue;
    }
    double depth = start - period + 1.2;
    while (depth < 110) {
      const double from = std::max(depth, 1.2);
      const double to = depth + (period * 0.42);
      if (to > from) draw_band(stage, side - half, side + half, from, to, tint, 12, 2);
      depth += period;
    }
  }
}

/// Mended asphalt, oil, the shade of what we do not see.
void draw_patches(Stage& stage, SeededRandom& random, const Tint& road) {
  const auto count = 2 + random.below(7);
  for (std::uint64_t i = 0; i < count; ++i) {
    const double depth = between(random, 2.5, 30);
    const double side = between(random, -0.5, 0.5) * stage.road_width();
    const double half = between(random, 0.2, 1.3);
    const double length = between(random, 0.4, 6);
    const Tint tint = scaled(road, between(random, 0.68, 1.22));
    const std::array<Spot, 4> area = {{{side - half, 0, depth},
                                       {side + half, 0, depth + between(random, -0.2, 0.2)},
                                       {side + half, 0, depth + length},
                                       {side - half, 0, depth + length}}};
    stage.polygon(area, tint, Surface::kDull, 150);
  }
}

void draw_drops(Stage& stage, SeededRandom& random) {
  const bool is_snow = stage.scene().weather == SceneWeather::kSnow;
  const double slant = between(random, -0.35, 0.35);
  const auto count = 250 + random.below(350);
  const Color color = color_of(mixed(stage.haze(), {255, 255, 255}, is_snow ? 0.8 : 0.4));
  for (std::uint64_t i = 0; i < count; ++i) {
    const Point at{.x = random.unit() * stage.width(), .y = random.unit() * stage.height()};
    if (is_snow) {
      const double radius = between(random, 0.0008, 0.004) * stage.width();
      stage.canvas().fill(disc(at, {.x = radius, .y = radius}), plain(color, 190));
      continue;
    }
    const double length = between(random, 0.02, 0.07) * stage.height();
    const double half = stage.width() * 0.0007;
    const std::array<Point, 4> streak = {{{at.x - half, at.y},
                                          {at.x + half, at.y},
                                          {at.x + half + (slant * length), at.y + length},
                                          {at.x - half + (slant * length), at.y + length}}};
    stage.canvas().fill(streak, plain(color, 80));
  }
}

/// The own car, as a camera behind the windscreen sees it.
void draw_bonnet(Stage& stage, SeededRandom& random) {
  const Tint paint{between(random, 10, 120), between(random, 10, 120), between(random, 10, 120)};
  const double top = stage.height() * between(random, 0.88, 0.97);
  const double middle = stage.width() * between(random, 0.4, 0.6);
  const double half = stage.width() * between(random, 0.55, 0.9);
  Paint fill{.top = stage.lit(scaled(paint, 1.3), 1),
             .bottom = stage.lit(scaled(paint, 0.6), 1),
             .y_top = top,
             .y_bottom = stage.height()};
  stage.canvas().fill(disc({middle, stage.height() * 1.03}, {half, (stage.height() * 1.03) - top}),
                      fill);
}

}  // namespace

void draw_backdrop(Stage& stage) {
  SeededRandom air = sequence_of(stage.scene().air_seed, ScenePart::kSky);
  const Paint sky{.top = color_of(sky_of(stage.scene())),
                  .bottom = color_of(stage.haze()),
                  .y_top = -0.05 * stage.height(),
                  .y_bottom = stage.horizon()};
  fill_half(stage, -stage.height(), stage.height() * 2, sky);
  if (stage.scene().weather != SceneWeather::kClear) {
    Paint layer = plain(color_of(stage.haze()), 60);
    layer.grain = 26;
    layer.grain_scale = scale_for(stage, 0.16);
    layer.grain_seed = air.next();
    fill_half(stage, -stage.height(), stage.horizon(), layer);
  }
  draw_sun_or_moon(stage, air);
  draw_clouds(stage, air);

  SeededRandom random = sequence_of(stage.scene().seed, ScenePart::kGround);
  draw_skyline(stage, random, 300, between(random, 0.04, 0.2));
  draw_skyline(stage, random, 150, between(random, 0.02, 0.1));
  const Tint ground = scaled(ground_of(stage.scene()), between(random, 0.8, 1.12));
  const Paint near{.top = stage.lit(ground, 140),
                   .bottom = stage.lit(ground, 4),
                   .y_top = stage.horizon(),
                   .y_bottom = stage.height(),
                   .grain = 18,
                   .grain_scale = scale_for(stage, 0.006),
                   .grain_seed = random.next()};
  fill_half(stage, stage.horizon(), stage.height() * 2, near);
  Paint fields = near;
  fields.opacity = 90;
  fields.grain = 34;
  fields.grain_scale = scale_for(stage, 0.12);
  fields.grain_seed = random.next();
  fill_half(stage, stage.horizon(), stage.height() * 2, fields);
}

void draw_road(Stage& stage) {
  SeededRandom random = sequence_of(stage.scene().seed, ScenePart::kRoad);
  const double gray = between(random, 72, 122);
  Tint road{gray, gray, gray * between(random, 0.95, 1.06)};
  if (stage.scene().weather == SceneWeather::kRain) road = scaled(road, 0.78);
  if (stage.scene().weather == SceneWeather::kSnow) road = mixed(road, {206, 210, 218}, 0.35);
  const double half = stage.road_width() / 2;
  const std::uint64_t seed = random.next();
  if (stage.scene().place == ScenePlace::kCity) {
    draw_band(stage, -half - 4, half + 4, 1, 170, {156, 152, 146}, 14, seed);
    draw_band(stage, -half - 0.3, half + 0.3, 1, 170, {188, 186, 180}, 8, seed);
  } else {
    draw_band(stage, -half - 1.4, half + 1.4, 1, 170, mixed(road, {128, 116, 92}, 0.6), 22, seed);
  }
  draw_band(stage, -half, half, 1, 170, road, 24, seed + 1);
  draw_patches(stage, random, road);
  draw_lines(stage, random);
  if (stage.scene().weather == SceneWeather::kRain) {
    const std::array<Point, 4> wet = {
        stage.at({.side = -half, .depth = 1.2}), stage.at({.side = half, .depth = 1.2}),
        stage.at({.side = half, .depth = 90}), stage.at({.side = -half, .depth = 90})};
    Paint shine = plain(color_of(stage.haze()), 46);
    shine.grain = 30;
    shine.grain_scale = scale_for(stage, 0.03);
    shine.grain_seed = seed;
    stage.canvas().fill(wet, shine);
  }
}

void draw_air(Stage& stage) {
  SeededRandom random = sequence_of(stage.scene().air_seed, ScenePart::kAir);
  SeededRandom own = sequence_of(stage.scene().seed, ScenePart::kCamera);
  if (stage.scene().weather == SceneWeather::kRain ||
      stage.scene().weather == SceneWeather::kSnow) {
    draw_drops(stage, random);
  }
  if (own.next() % 3 == 0) draw_bonnet(stage, own);
  // What a sensor adds; stronger in the dark.
  Image& image = stage.canvas().image();
  const int grain = stage.scene().light == SceneLight::kNight ? 9 : 5;
  const std::uint64_t seed = random.next();
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    std::uint8_t* const row = image.row(y);
    for (std::uint32_t x = 0; x < image.width(); ++x) {
      const int light = noise_at(x, y, 0, seed) * grain / 256;
      for (std::size_t channel = 0; channel < kNumChannels; ++channel) {
        std::uint8_t& sample = row[(x * kNumChannels) + channel];
        sample = static_cast<std::uint8_t>(std::clamp(sample + light, 0, 255));
      }
    }
  }
}

}  // namespace assay::images

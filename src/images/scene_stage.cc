#include "images/scene_internal.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace assay::images {
namespace {

double between(SeededRandom& random, double from, double to) {
  return from + (random.unit() * (to - from));
}

struct Light {
  Tint level;  // Of 1.
  Tint haze;   // The sky at the horizon.
};

Light light_of(SceneLight light) {
  switch (light) {
    case SceneLight::kDay:
      return {.level = {1.0, 1.0, 1.0}, .haze = {196, 214, 230}};
    case SceneLight::kLowSun:
      return {.level = {1.02, 0.84, 0.66}, .haze = {240, 190, 130}};
    case SceneLight::kDusk:
      return {.level = {0.46, 0.44, 0.56}, .haze = {150, 110, 130}};
    case SceneLight::kNight:
      break;
  }
  return {.level = {0.15, 0.17, 0.23}, .haze = {24, 28, 44}};
}

}  // namespace

Tint mixed(const Tint& from, const Tint& to, double share) {
  return {.red = from.red + ((to.red - from.red) * share),
          .green = from.green + ((to.green - from.green) * share),
          .blue = from.blue + ((to.blue - from.blue) * share)};
}

Tint scaled(const Tint& tint, double factor) {
  return {.red = tint.red * factor, .green = tint.green * factor, .blue = tint.blue * factor};
}

Color color_of(const Tint& tint) {
  const auto sample = [](double value) {
    return static_cast<std::uint8_t>(std::floor(std::clamp(value, 0.0, 255.0) + 0.5));
  };
  return {.red = sample(tint.red), .green = sample(tint.green), .blue = sample(tint.blue)};
}

// The unit circle by fractions, since sine and cosine differ between libraries.
std::vector<Point> disc(Point middle, Point radius) {
  constexpr int kQuarter = 6;
  std::vector<Point> outline;
  for (int quarter = 0; quarter < 4; ++quarter) {
    for (int i = 0; i < kQuarter; ++i) {
      const double t = static_cast<double>(i) / kQuarter;
      double x = (1 - (t * t)) / (1 + (t * t));
      double y = 2 * t / (1 + (t * t));
      for (int turn = 0; turn < quarter; ++turn) {
        const double old = x;
        x = -y;
        y = old;
      }
      outline.push_back({.x = middle.x + (x * radius.x), .y = middle.y + (y * radius.y)});
    }
  }
  return outline;
}

Stage::Stage(const Scene& scene, ImageSize size)
    : scene_(scene), canvas_(size), width_(size.width), height_(size.height) {
  choose_camera();
  choose_air();
}

void Stage::choose_camera() {
  SeededRandom random = sequence_of(scene_.seed, ScenePart::kCamera);
  const double side = std::max(width_, height_);
  focal_ = side * between(random, 0.62, 1.15);
  middle_ = width_ * between(random, 0.32, 0.68);
  horizon_ = height_ * between(random, 0.3, 0.58);
  eye_height_ = between(random, 1.2, 2.9);
  own_lane_ = static_cast<int>(random.below(static_cast<std::uint64_t>(scene_.num_lanes)));
  eye_side_ = lane_middle(own_lane_) + between(random, -0.7, 0.7);
  bend_ = between(random, -0.0035, 0.0035);
  rise_ = between(random, -0.00012, 0.00022);
  roll_ = between(random, -0.035, 0.035);
}

void Stage::choose_air() {
  SeededRandom random = sequence_of(scene_.air_seed, ScenePart::kSky);
  const Light light = light_of(scene_.light);
  level_ = scaled(light.level, between(random, 0.86, 1.08));
  haze_ = light.haze;
  clear_depth_ = 420;
  lamp_ = scene_.light == SceneLight::kNight ? 0.75 : 0.12;
  if (scene_.light == SceneLight::kDay || scene_.light == SceneLight::kLowSun) lamp_ = 0;
  const double gray = (haze_.red + haze_.green + haze_.blue) / 3;
  const Tint dull{.red = gray, .green = gray, .blue = gray};
  switch (scene_.weather) {
    case SceneWeather::kClear:
      break;
    case SceneWeather::kOvercast:
      level_ = scaled(mixed(level_, {level_.green, level_.green, level_.green}, 0.7), 0.86);
      haze_ = mixed(haze_, dull, 0.7);
      clear_depth_ = 260;
      break;
    case SceneWeather::kRain:
      level_ = scaled(mixed(level_, {level_.green, level_.green, level_.green}, 0.6), 0.72);
      haze_ = scaled(mixed(haze_, dull, 0.8), 0.82);
      clear_depth_ = 110;
      break;
    case SceneWeather::kFog:
      haze_ = mixed(haze_, dull, 0.85);
      clear_depth_ = between(random, 28, 55);
      break;
    case SceneWeather::kSnow:
      haze_ = mixed(haze_, dull, 0.8);
      clear_depth_ = 90;
      break;
  }
}

Point Stage::turned(Point point) const {
  const double x = point.x - middle_;
  const double y = point.y - horizon_;
  return {.x = point.x - (y * roll_), .y = point.y + (x * roll_)};
}

Point Stage::at(const Spot& spot) const {
  const double depth = std::max(spot.depth, 0.5);
  const double square = depth * depth;
  const double side = spot.side + (bend_ * square / 2) - eye_side_;
  const double below = eye_height_ - spot.height - (rise_ * square);
  return turned({.x = middle_ + (focal_ * side / depth), .y = horizon_ + (focal_ * below / depth)});
}

Color Stage::lit(const Tint& tint, double depth, Surface surface) const {
  Tint seen = tint;
  if (surface != Surface::kGlowing) {
    const double near = depth / 16;
    const double shine = surface == Surface::kReflecting ? 1.9 : 0.8;
    const double own = lamp_ * shine / (1 + (near * near));
    seen = {.red = tint.red * std::min(level_.red + own, 1.15),
            .green = tint.green * std::min(level_.green + (own * 0.97), 1.15),
            .blue = tint.blue * std::min(level_.blue + (own * 0.86), 1.15)};
  }
  const double through = surface == Surface::kGlowing ? depth / 3 : depth;
  return color_of(mixed(seen, haze_, through / (through + clear_depth_)));
}

void Stage::polygon(std::span<const Spot> spots, const Tint& tint, Surface surface,
                    std::uint8_t opacity) {
  std::vector<Point> points;
  double depth = 0;
  for (const Spot& spot : spots) {
    points.push_back(at(spot));
    depth += spot.depth / static_cast<double>(spots.size());
  }
  canvas_.fill(points, plain(lit(tint, depth, surface), opacity));
}

void Stage::board(const Spot& foot, std::span<const Point> outline, const Tint& tint,
                  Surface surface) {
  std::vector<Point> points;
  points.reserve(outline.size());
  for (const Point& point : outline) {
    points.push_back(
        at({.side = foot.side + point.x, .height = foot.height + point.y, .depth = foot.depth}));
  }
  canvas_.fill(points, plain(lit(tint, foot.depth, surface)));
}

void Stage::board_box(const Spot& foot, Point low, Point high, const Tint& tint, Surface surface) {
  board(foot,
        std::array<Point, 4>{{{low.x, low.y}, {high.x, low.y}, {high.x, high.y}, {low.x, high.y}}},
        tint, surface);
}

void Stage::board_disc(const Spot& foot, Point middle, Point radius, const Tint& tint,
                       Surface surface) {
  board(foot, disc(middle, radius), tint, surface);
}

void Stage::glow(const Spot& spot, double radius, const Tint& tint) {
  constexpr int kRings = 6;
  const Point middle = at(spot);
  const double pixels = focal_ * radius / std::max(spot.depth, 0.5);
  for (int ring = kRings; ring > 0; --ring) {
    const double size = pixels * ring / kRings;
    canvas_.fill(disc(middle, {.x = size, .y = size}), plain(color_of(tint), 22));
  }
}

void Stage::shadow(const Spot& foot, double half_width, double length) {
  const bool is_sharp =
      scene_.weather == SceneWeather::kClear && scene_.light != SceneLight::kNight;
  std::vector<Spot> outline;
  for (const Point& point : disc({.x = 0, .y = 0}, {.x = half_width, .y = length / 2})) {
    outline.push_back({.side = foot.side + point.x,
                       .height = 0.01,
                       .depth = std::max(foot.depth + point.y + (length * 0.3), 1.5)});
  }
  polygon(outline, {20, 20, 26}, Surface::kDull, is_sharp ? 120 : 70);
}

}  // namespace assay::images

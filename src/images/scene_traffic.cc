#include "images/scene_internal.h"

#include <algorithm>
#include <array>

namespace assay::images {
namespace {

using Outline = std::vector<Point>;

double between(SeededRandom& random, double from, double to) {
  return from + (random.unit() * (to - from));
}

bool is_dark(const Stage& stage) {
  return stage.scene().light == SceneLight::kNight || stage.scene().light == SceneLight::kDusk;
}

struct Body {
  double half_width = 0.9;
  double length = 4.3;
  double belt = 0.95;  ///< Where the windows begin.
  double roof = 1.45;
  double roof_inset = 0.14;
};

Tint paint_of(SeededRandom& random) {
  constexpr std::array<Tint, 9> kPaints = {{{226, 228, 230},
                                            {36, 38, 42},
                                            {140, 144, 150},
                                            {150, 28, 30},
                                            {32, 58, 120},
                                            {190, 192, 190},
                                            {70, 74, 80},
                                            {24, 84, 66},
                                            {196, 150, 60}}};
  return scaled(kPaints[random.below(kPaints.size())], between(random, 0.85, 1.1));
}

/// The flank that we see of what stands beside our line of sight.
void draw_flank(Stage& stage, const Spot& foot, const Body& body, const Tint& paint) {
  const Spot own{.side = stage.lane_middle(stage.own_lane())};
  const double mirror = foot.side < own.side ? 1 : -1;
  const double side = foot.side + (mirror * body.half_width);
  const double end = foot.depth + body.length;
  const std::array<Spot, 4> wall = {{{side, 0.28, foot.depth},
                                     {side, 0.28, end},
                                     {side, body.belt, end},
                                     {side, body.belt, foot.depth}}};
  stage.polygon(wall, scaled(paint, 0.72));
  const double inner = side - (mirror * body.roof_inset);
  const std::array<Spot, 4> cabin = {{{side, body.belt, foot.depth},
                                      {side, body.belt, end - (body.length * 0.3)},
                                      {inner, body.roof, end - (body.length * 0.42)},
                                      {inner, body.roof, foot.depth + 0.25}}};
  stage.polygon(cabin, {38, 46, 54});
  for (const double share : {0.2, 0.8}) {
    const double depth = foot.depth + (body.length * share);
    std::vector<Spot> wheel;
    for (const Point& point : disc({depth, 0.32}, {0.33, 0.33})) {
      wheel.push_back({.side = side, .height = point.y, .depth = point.x});
    }
    stage.polygon(wheel, {18, 18, 20});
  }
}

void draw_lamps(Stage& stage, const Spot& foot, const Body& body, bool faces_us) {
  const Tint tint = faces_us ? Tint{255, 246, 220} : Tint{220, 24, 22};
  const Surface surface = is_dark(stage) ? Surface::kGlowing : Surface::kDull;
  for (const double mirror : {-1.0, 1.0}) {
    const double x = mirror * (body.half_width - 0.16);
    stage.board_box(foot, {x - 0.13, 0.68}, {x + 0.13, 0.84}, tint, surface);
    if (is_dark(stage)) {
      stage.glow({.side = foot.side + x, .height = 0.76, .depth = foot.depth}, faces_us ? 0.8 : 0.4,
                 tint);
    }
  }
}

}  // namespace

void draw_vehicle(Stage& stage, const Spot& foot, SeededRandom& random) {
  const Tint paint = paint_of(random);
  const auto kind = random.below(5);
  const bool is_truck = kind == 0;
  Body body;
  if (kind == 1) body = {.half_width = 0.98, .length = 5.2, .belt = 1.15, .roof = 2.2};
  if (kind == 2) body = {.half_width = 0.94, .length = 4.6, .belt = 1.08, .roof = 1.72};
  if (is_truck) body = {.half_width = 1.24, .length = 8.5, .belt = 3.3, .roof = 3.32};
  const bool faces_us = stage.scene().place == ScenePlace::kCountry && foot.side < 0;
  stage.shadow({.side = foot.side, .depth = foot.depth + (body.length * 0.3)},
               body.half_width * 1.15, body.length);
  draw_flank(stage, foot, body, paint);
  const double half = body.half_width;
  for (const double mirror : {-1.0, 1.0}) {
    const double x = mirror * (half - 0.18);
    stage.board_box(foot, {x - 0.13, 0}, {x + 0.13, 0.4}, {16, 16, 18});
  }
  stage.board(foot, Outline{{-half, 0.28}, {half, 0.28}, {half, body.belt}, {-half, body.belt}},
              paint);
  const double inset = body.roof_inset;
  if (is_truck) {
    stage.board_box(foot, {-half + 0.06, 0.95}, {half - 0.06, 3.2}, scaled(paint, 1.1));
    stage.board_box(foot, {-0.02, 0.95}, {0.02, 3.2}, scaled(paint, 0.6));
    stage.board_box(foot, {-half, 0.5}, {half, 0.66}, {50, 50, 54});
  } else {
    stage.board(foot,
                Outline{{-half, body.belt},
                        {half, body.belt},
                        {half - inset, body.roof},
                        {-half + inset, body.roof}},
                scaled(paint, 0.94));
    stage.board(foot,
                Outline{{-half + 0.1, body.belt + 0.04},
                        {half - 0.1, body.belt + 0.04},
                        {half - inset - 0.08, body.roof - 0.08},
                        {-half + inset + 0.08, body.roof - 0.08}},
                faces_us ? Tint{70, 86, 98} : Tint{34, 40, 48});
  }
  stage.board_box(foot, {-0.26, 0.46}, {0.26, 0.58}, {220, 220, 212});
  stage.board_box(foot, {-half, 0.28}, {half, 0.36}, {34, 34, 38});
  draw_lamps(stage, foot, body, faces_us);
}

void draw_tree(Stage& stage, const Spot& foot, SeededRandom& random) {
  const double height = between(random, 3.5, 10);
  const bool is_fir = random.below(3) == 0;
  const Tint leaf{between(random, 40, 92), between(random, 74, 124), between(random, 26, 54)};
  stage.board_box(foot, {-0.14, 0}, {0.14, height * 0.5}, {76, 58, 42});
  if (is_fir) {
    for (int level = 0; level < 4; ++level) {
      const double low = height * (0.16 + (level * 0.18));
      const double half = height * (0.26 - (level * 0.05));
      stage.board(foot, Outline{{-half, low}, {half, low}, {0, low + (height * 0.34)}},
                  scaled(leaf, 0.72 + (level * 0.06)));
    }
    return;
  }
  for (int i = 0; i < 9; ++i) {
    const double radius = height * between(random, 0.12, 0.22);
    const Point middle{.x = height * between(random, -0.22, 0.22),
                       .y = height * between(random, 0.5, 0.86)};
    const double light = 0.72 + (middle.y / height * 0.4) + between(random, -0.08, 0.08);
    stage.board_disc(foot, middle, {radius, radius * 0.9}, scaled(leaf, light));
  }
}

void draw_building(Stage& stage, const Spot& foot, SeededRandom& random) {
  const double half = between(random, 3, 5.5);
  const int floors =
      1 + static_cast<int>(random.below(stage.scene().place == ScenePlace::kCity ? 7 : 2));
  const double height = 1 + (floors * 3.1);
  const double light = between(random, 120, 214);
  const Tint wall{light, light * between(random, 0.82, 0.98), light * between(random, 0.66, 0.94)};
  // The wall along the road, as far as the house is deep.
  const double mirror = foot.side < 0 ? 1 : -1;
  const double side = foot.side + (mirror * half);
  const double end = foot.depth + (half * 1.6);
  const std::array<Spot, 4> flank = {
      {{side, 0, foot.depth}, {side, 0, end}, {side, height, end}, {side, height, foot.depth}}};
  stage.polygon(flank, scaled(wall, 0.76));
  stage.board_box(foot, {-half, 0}, {half, height}, wall);
  const bool has_gable = floors < 3;
  if (has_gable) {
    stage.board(foot,
                Outline{{-half - 0.3, height}, {half + 0.3, height}, {0, height + half * 0.7}},
                {between(random, 96, 150), 62, 52});
  }
  const Tint pane{58, 74, 92};
  const Tint lamp{250, 214, 130};
  for (int level = 0; level < floors; ++level) {
    double x = -half + 0.7;
    while (x < half - 1.2) {
      const bool is_lit = is_dark(stage) && random.below(3) == 0;
      stage.board_box(foot, {x, 1 + (level * 3.1)}, {x + 1.1, 2.6 + (level * 3.1)},
                      is_lit ? lamp : pane, is_lit ? Surface::kGlowing : Surface::kDull);
      x += 1.9;
    }
    double depth = foot.depth + 0.6;
    while (depth < end - 1.2) {
      const double low = 1 + (level * 3.1);
      const std::array<Spot, 4> window = {{{side, low, depth},
                                           {side, low, depth + 1.1},
                                           {side, low + 1.6, depth + 1.1},
                                           {side, low + 1.6, depth}}};
      stage.polygon(window, scaled(pane, 0.8));
      depth += 1.9;
    }
  }
}

void draw_lamp_post(Stage& stage, const Spot& foot, double mirror) {
  stage.board_box(foot, {-0.07, 0}, {0.07, 7.4}, {104, 108, 110});
  const double out = -mirror * 1.8;
  stage.board(foot, Outline{{0, 7.3}, {out, 7.7}, {out, 7.85}, {0, 7.45}}, {104, 108, 110});
  const bool is_on = is_dark(stage);
  stage.board_disc(foot, {out, 7.68}, {0.35, 0.1},
                   is_on ? Tint{255, 226, 160} : Tint{190, 190, 186},
                   is_on ? Surface::kGlowing : Surface::kDull);
  if (is_on) {
    stage.glow({.side = foot.side + out, .height = 7.68, .depth = foot.depth}, 2.2,
               {255, 214, 140});
  }
}

void draw_road_sign(Stage& stage, const Spot& foot, SeededRandom& random) {
  stage.board_box(foot, {-0.04, 0}, {0.04, 2.2}, {120, 122, 124});
  const auto kind = random.below(3);
  const Tint white{240, 240, 238};
  if (kind == 0) {  // a limit
    stage.board_disc(foot, {0, 2.5}, {0.38, 0.38}, {204, 30, 30}, Surface::kReflecting);
    stage.board_disc(foot, {0, 2.5}, {0.29, 0.29}, white, Surface::kReflecting);
    for (const double x : {-0.13, 0.07}) {
      stage.board_box(foot, {x, 2.38}, {x + 0.07, 2.62}, {20, 20, 20});
    }
  } else if (kind == 1) {  // where it goes
    const double half = between(random, 0.8, 1.4);
    stage.board_box(foot, {-half, 2}, {half, 3}, {24, 78, 150}, Surface::kReflecting);
    for (const double y : {2.25, 2.6}) {
      stage.board_box(foot, {-half * 0.8, y}, {half * between(random, 0.1, 0.8), y + 0.14}, white,
                      Surface::kReflecting);
    }
  } else {  // give way
    stage.board(foot, Outline{{0, 2}, {0.46, 2.8}, {-0.46, 2.8}}, {204, 30, 30},
                Surface::kReflecting);
    stage.board(foot, Outline{{0, 2.2}, {0.28, 2.69}, {-0.28, 2.69}}, white, Surface::kReflecting);
  }
}

}  // namespace assay::images

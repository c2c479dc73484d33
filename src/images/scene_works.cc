#include "images/scene_internal.h"

#include <array>

namespace assay::images {
namespace {

constexpr Tint kOrange{244, 98, 22};
constexpr Tint kWhite{240, 240, 236};
constexpr Tint kBlack{24, 24, 26};
constexpr Tint kRed{206, 34, 30};
constexpr Tint kYellow{244, 190, 24};

using Outline = std::vector<Point>;

Outline slice(double low, double high, double half_low, double half_high) {
  return {{-half_low, low}, {half_low, low}, {half_high, high}, {-half_high, high}};
}

Outline mirrored(Outline outline, double mirror) {
  for (Point& point : outline) point.x *= mirror;
  return outline;
}

}  // namespace

void draw_cone(Stage& stage, const Spot& foot) {
  stage.shadow(foot, 0.34, 0.9);
  stage.board(foot, slice(0, 0.05, 0.24, 0.24), scaled(kBlack, 1.6));
  const auto half = [](double height) { return 0.19 - (0.16 * height / 0.8); };
  const auto ring = [&](double low, double high, const Tint& tint) {
    stage.board(foot, slice(low, high, half(low), half(high)), tint, Surface::kReflecting);
  };
  ring(0.05, 0.8, kOrange);
  ring(0.3, 0.44, kWhite);
  ring(0.56, 0.66, kWhite);
}

void draw_drum(Stage& stage, const Spot& foot) {
  stage.shadow(foot, 0.42, 1);
  stage.board(foot, slice(0, 0.07, 0.36, 0.34), kBlack);
  for (int band = 0; band < 4; ++band) {
    const double low = 0.07 + (band * 0.24);
    stage.board(foot, slice(low, low + 0.25, 0.3 - (band * 0.012), 0.288 - (band * 0.012)),
                band % 2 == 0 ? kOrange : kWhite, Surface::kReflecting);
  }
}

void draw_barrier(Stage& stage, const Spot& foot, double width) {
  const double half = width / 2;
  stage.shadow(foot, half, 0.8);
  for (const double side : {-0.8, 0.8}) {
    stage.board_box(foot, {(side * half) - 0.05, 0}, {(side * half) + 0.05, 1.1}, {120, 122, 124});
  }
  for (const double low : {0.45, 0.85}) {
    stage.board_box(foot, {-half, low}, {half, low + 0.26}, kWhite, Surface::kReflecting);
    double x = -half;
    while (x < half - 0.3) {
      stage.board(foot,
                  Outline{{x, low}, {x + 0.22, low}, {x + 0.4, low + 0.26}, {x + 0.18, low + 0.26}},
                  kRed, Surface::kReflecting);
      x += 0.5;
    }
  }
  for (const double side : {-0.7, 0.7}) {
    stage.board_disc(foot, {side * half, 1.22}, {0.1, 0.1}, {255, 190, 40}, Surface::kGlowing);
  }
}

void draw_works_sign(Stage& stage, const Spot& foot) {
  stage.shadow(foot, 0.5, 0.8);
  stage.board_box(foot, {-0.04, 0}, {0.04, 1.5}, {110, 112, 114});
  const double middle = 1.95;
  const auto diamond = [&](double half, const Tint& tint) {
    stage.board(foot,
                Outline{{0, middle - half}, {half, middle}, {0, middle + half}, {-half, middle}},
                tint, Surface::kReflecting);
  };
  diamond(0.72, kBlack);
  diamond(0.67, {250, 130, 20});
  // Somebody who digs.
  stage.board_disc(foot, {-0.05, middle + 0.3}, {0.08, 0.08}, kBlack);
  stage.board(foot,
              Outline{{-0.16, middle - 0.3},
                      {-0.06, middle - 0.3},
                      {0.02, middle + 0.02},
                      {0.1, middle - 0.28},
                      {0.2, middle - 0.28},
                      {0.06, middle + 0.2},
                      {-0.1, middle + 0.2}},
              kBlack);
  stage.board(foot,
              Outline{{-0.02, middle + 0.14},
                      {0.34, middle - 0.22},
                      {0.38, middle - 0.18},
                      {0.02, middle + 0.2}},
              kBlack);
  stage.board(foot, Outline{{0.2, middle - 0.32}, {0.5, middle - 0.32}, {0.36, middle - 0.16}},
              kBlack);
}

void draw_arrow_board(Stage& stage, const Spot& foot) {
  stage.shadow(foot, 1.1, 1.4);
  stage.board_box(foot, {-0.7, 0.25}, {0.7, 0.6}, kYellow);
  stage.board_disc(foot, {-0.55, 0.22}, {0.22, 0.22}, kBlack);
  stage.board_disc(foot, {0.55, 0.22}, {0.22, 0.22}, kBlack);
  stage.board_box(foot, {-0.06, 0.6}, {0.06, 1.2}, {90, 92, 94});
  stage.board_box(foot, {-1.15, 1.1}, {1.15, 2.4}, kBlack);
  // It points to where the road goes on.
  const double mirror = stage.scene().works.side == SceneSide::kRight ? -1 : 1;
  const Tint lamp{255, 186, 30};
  for (int i = 0; i < 5; ++i) {
    stage.board_disc(foot, {mirror * (-0.85 + (i * 0.38)), 1.75}, {0.11, 0.11}, lamp,
                     Surface::kGlowing);
  }
  for (const double side : {-1.0, 1.0}) {
    for (int i = 1; i < 3; ++i) {
      stage.board_disc(foot, {mirror * (0.67 - (i * 0.28)), 1.75 + (side * i * 0.21)}, {0.11, 0.11},
                       lamp, Surface::kGlowing);
    }
  }
}

void draw_digger(Stage& stage, const Spot& foot, double mirror) {
  const auto part = [&](Outline outline, const Tint& tint) {
    stage.board(foot, mirrored(std::move(outline), mirror), tint);
  };
  stage.shadow(foot, 2.1, 3.2);
  part({{-1.5, 0}, {1.5, 0}, {1.72, 0.35}, {1.5, 0.72}, {-1.5, 0.72}, {-1.72, 0.35}}, kBlack);
  part({{-1.35, 0.16}, {1.35, 0.16}, {1.35, 0.56}, {-1.35, 0.56}}, {70, 70, 72});
  part({{-0.9, 0.72}, {1.75, 0.72}, {1.75, 1.62}, {0.3, 1.7}, {-0.9, 1.3}}, kYellow);
  part({{0.9, 0.8}, {1.75, 0.8}, {1.75, 1.5}, {0.9, 1.5}}, scaled(kYellow, 0.78));
  part({{-0.95, 1}, {0.25, 1}, {0.25, 2.75}, {-0.65, 2.75}, {-0.95, 2.1}}, scaled(kYellow, 0.9));
  part({{-0.84, 1.5}, {0.13, 1.5}, {0.13, 2.62}, {-0.58, 2.62}, {-0.84, 2.05}}, {70, 96, 112});
  part({{-0.7, 1.2}, {-0.7, 1.6}, {-2.3, 3.6}, {-2.55, 3.3}}, scaled(kYellow, 0.95));
  part({{-2.2, 3.55}, {-2.55, 3.6}, {-3.35, 1.5}, {-3.1, 1.4}}, scaled(kYellow, 0.86));
  part({{-3.4, 1.6}, {-2.85, 1.45}, {-2.7, 0.75}, {-3.3, 0.6}, {-3.65, 1}}, {52, 50, 48});
  stage.board_disc(foot, {mirror * -0.2, 2.84}, {0.1, 0.1}, {255, 170, 20}, Surface::kGlowing);
}

void draw_worker(Stage& stage, const Spot& foot, double mirror) {
  stage.shadow(foot, 0.35, 0.8);
  const Tint trousers{40, 46, 70};
  const Tint vest{214, 240, 30};
  stage.board(foot, slice(0, 0.88, 0.17, 0.19), trousers);
  stage.board(foot, Outline{{-0.04, 0}, {0.04, 0}, {0, 0.7}}, scaled(trousers, 0.4));
  stage.board(foot, slice(0.84, 1.46, 0.21, 0.27), vest, Surface::kReflecting);
  stage.board_box(foot, {-0.23, 0.98}, {0.23, 1.06}, kWhite, Surface::kReflecting);
  stage.board_box(foot, {-0.24, 1.18}, {0.24, 1.26}, kWhite, Surface::kReflecting);
  // An arm with a shovel, and one that hangs.
  stage.board(
      foot, mirrored({{0.22, 1.42}, {0.3, 1.36}, {0.56, 1.02}, {0.46, 0.96}, {0.2, 1.24}}, mirror),
      scaled(vest, 0.86), Surface::kReflecting);
  stage.board(foot, mirrored({{-0.27, 1.42}, {-0.2, 1.42}, {-0.22, 0.86}, {-0.32, 0.86}}, mirror),
              scaled(vest, 0.86), Surface::kReflecting);
  stage.board(foot, mirrored({{0.3, 1.5}, {0.35, 1.5}, {0.72, 0.1}, {0.67, 0.1}}, mirror),
              {120, 88, 52});
  stage.board_disc(foot, {0, 1.58}, {0.11, 0.13}, {190, 146, 118});
  stage.board(foot, Outline{{-0.16, 1.62}, {0.16, 1.62}, {0.12, 1.76}, {0, 1.8}, {-0.12, 1.76}},
              {250, 250, 246});
}

void draw_trench(Stage& stage, const Spot& foot, double width, double length) {
  const auto area = [&](double half, double from, double to, const Tint& tint) {
    const std::array<Spot, 6> spots = {
        {{foot.side - half, 0, foot.depth + from},
         {foot.side + (half * 0.9), 0, foot.depth + from + 0.2},
         {foot.side + half, 0, foot.depth + (from + to) / 2},
         {foot.side + (half * 0.8), 0, foot.depth + to},
         {foot.side - (half * 0.9), 0, foot.depth + to - 0.2},
         {foot.side - (half * 1.1), 0, foot.depth + (from + to) / 2}}};
    stage.polygon(spots, tint);
  };
  area(width, 0, length, {136, 104, 70});
  area(width * 0.62, 0.8, length - 0.8, {70, 50, 34});
  // What was dug out lies behind it.
  const Spot heap{.side = foot.side, .depth = foot.depth + length};
  stage.board(
      heap,
      Outline{
          {-1.7, 0}, {1.7, 0}, {1.1, 0.5}, {0.5, 0.85}, {-0.1, 0.95}, {-0.7, 0.6}, {-1.2, 0.42}},
      {124, 94, 62});
  stage.board(heap, Outline{{-1.7, 0}, {0.2, 0}, {-0.1, 0.95}, {-0.7, 0.6}, {-1.2, 0.42}},
              {100, 74, 48});
}

}  // namespace assay::images

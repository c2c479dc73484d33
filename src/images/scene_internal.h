/// \file
/// The stage on which a scene is drawn: metres become pixels, and colours what light and air leave
/// of them.

#pragma once

#include "core/random.h"
#include "images/canvas.h"
#include "images/scene.h"

#include <span>
#include <vector>

namespace assay::images {

/// A colour before light falls on it, 0 to 255.
struct Tint {
  double red = 0;
  double green = 0;
  double blue = 0;
};

Tint mixed(const Tint& from, const Tint& to, double share);
Tint scaled(const Tint& tint, double factor);
Color color_of(const Tint& tint);

/// A place on the road. Units: metres; `side` to the right of the road's middle, `depth` ahead.
struct Spot {
  double side = 0;
  double height = 0;
  double depth = 1;
};

/// How a surface answers light.
enum class Surface : std::uint8_t {
  kDull,
  kReflecting,  ///< Shines back what our own lamps throw at it.
  kGlowing,     ///< A lamp itself.
};

/// The parts of a scene draw their numbers from sequences of their own, so that a change of one
/// leaves the others as they are.
enum class ScenePart : std::uint8_t {
  kPlan,
  kCamera,
  kSky,
  kGround,
  kRoad,
  kRoadside,
  kTraffic,
  kWorks,
  kAir,
};
SeededRandom sequence_of(std::uint64_t seed, ScenePart part);

/// Units of the view: pixels.
class Stage {
 public:
  Stage(const Scene& scene, ImageSize size);

  const Scene& scene() const { return scene_; }
  Canvas& canvas() { return canvas_; }
  double width() const { return width_; }
  double height() const { return height_; }
  /// Where the ground ends, in the middle of the picture.
  double horizon() const { return horizon_; }
  /// Of the road, all lanes together, in metres.
  double road_width() const { return scene_.num_lanes * kLaneWidth; }
  /// The middle of a lane, from the left.
  double lane_middle(int lane) const { return ((lane + 0.5) * kLaneWidth) - (road_width() / 2); }
  int own_lane() const { return own_lane_; }

  Point at(const Spot& spot) const;
  /// A point of the picture, turned as the camera is.
  Point turned(Point point) const;
  Color lit(const Tint& tint, double depth, Surface surface = Surface::kDull) const;
  /// Of the sky at the horizon.
  const Tint& haze() const { return haze_; }

  void polygon(std::span<const Spot> spots, const Tint& tint, Surface surface = Surface::kDull,
               std::uint8_t opacity = 255);
  /// A figure that faces us, by metres from `foot`, x and then y upwards.
  void board(const Spot& foot, std::span<const Point> outline, const Tint& tint,
             Surface surface = Surface::kDull);
  void board_box(const Spot& foot, Point low, Point high, const Tint& tint,
                 Surface surface = Surface::kDull);
  void board_disc(const Spot& foot, Point middle, Point radius, const Tint& tint,
                  Surface surface = Surface::kDull);
  /// A soft light around a lamp, of `radius` metres.
  void glow(const Spot& spot, double radius, const Tint& tint);
  /// On the ground.
  void shadow(const Spot& foot, double half_width, double length);

  static constexpr double kLaneWidth = 3.5;

 private:
  void choose_camera();
  void choose_air();

  Scene scene_;
  Canvas canvas_;
  double width_;
  double height_;
  double focal_ = 0;
  double middle_ = 0;
  double horizon_ = 0;
  double eye_height_ = 0;
  double eye_side_ = 0;
  double bend_ = 0;
  double rise_ = 0;
  double roll_ = 0;
  int own_lane_ = 0;
  Tint level_ = {};
  Tint haze_ = {};
  double clear_depth_ = 0;
  double lamp_ = 0;
};

/// A round outline of 24 points.
std::vector<Point> disc(Point middle, Point radius);

void draw_backdrop(Stage& stage);
void draw_road(Stage& stage);
/// What stands or drives, the farthest first.
void draw_things(Stage& stage);
/// Rain, snow, glare, and the grain of the camera.
void draw_air(Stage& stage);

void draw_cone(Stage& stage, const Spot& foot);
void draw_drum(Stage& stage, const Spot& foot);
void draw_barrier(Stage& stage, const Spot& foot, double width);
void draw_works_sign(Stage& stage, const Spot& foot);
void draw_arrow_board(Stage& stage, const Spot& foot);
void draw_digger(Stage& stage, const Spot& foot, double mirror);
void draw_worker(Stage& stage, const Spot& foot, double mirror);
void draw_trench(Stage& stage, const Spot& foot, double width, double length);

void draw_vehicle(Stage& stage, const Spot& foot, SeededRandom& random);
void draw_tree(Stage& stage, const Spot& foot, SeededRandom& random);
void draw_building(Stage& stage, const Spot& foot, SeededRandom& random);
void draw_lamp_post(Stage& stage, const Spot& foot, double mirror);
void draw_road_sign(Stage& stage, const Spot& foot, SeededRandom& random);

}  // namespace assay::images

#include "images/scene_internal.h"

#include <algorithm>
#include <functional>

namespace assay::images {
namespace {

double between(SeededRandom& random, double from, double to) {
  return from + (random.unit() * (to - from));
}

struct Thing {
  double depth = 0;
  std::function<void()> draw;
};

/// Where works lie: a lane at the edge is closed, from its `start` on.
struct Site {
  int lane = 0;
  double mirror = 1;  ///< 1 on the right, -1 on the left.
  double start = 0;
  double end = 0;
};

class Scenery {
 public:
  explicit Scenery(Stage& stage) : stage_(stage) { choose_site(); }

  void add_roadside();
  void add_traffic();
  void add_works();
  void draw();

 private:
  void choose_site();
  Spot seen(Spot foot) const;
  void add_row(SeededRandom& random);
  void add_machines(SeededRandom& random);
  void add_workers(SeededRandom& random);
  void add(double depth, std::function<void()> draw) {
    things_.push_back({.depth = depth, .draw = std::move(draw)});
  }
  bool has_works() const { return stage_.scene().label == SceneLabel::kRoadwork; }

  Stage& stage_;
  Site site_;
  std::vector<Thing> things_;
};

/// The same place as far ahead as it must be to lie within the picture.
Spot Scenery::seen(Spot foot) const {
  constexpr double kMargin = 0.06;
  constexpr double kFarthest = 40;
  const auto is_within = [&] {
    const double x = stage_.at(foot).x / stage_.width();
    return x > kMargin && x < 1 - kMargin;
  };
  while (!is_within() && foot.depth < kFarthest) foot.depth += 0.5;
  return foot;
}

void Scenery::choose_site() {
  SeededRandom random = sequence_of(stage_.scene().seed, ScenePart::kWorks);
  const bool is_right = stage_.scene().works.side == SceneSide::kRight;
  site_.lane = is_right ? stage_.scene().num_lanes - 1 : 0;
  site_.mirror = is_right ? 1 : -1;
  // Within what fog leaves to be seen, and not under our own wheels.
  site_.start = between(random, 7, 11) + (site_.lane == stage_.own_lane() ? 3 : 0);
  const double outer = stage_.lane_middle(site_.lane) + (site_.mirror * 1.5);
  site_.start = seen({.side = outer, .depth = site_.start}).depth;
  site_.end = site_.start + between(random, 16, 26);
}

void Scenery::add_roadside() {
  SeededRandom random = sequence_of(stage_.scene().seed, ScenePart::kRoadside);
  const ScenePlace place = stage_.scene().place;
  const double edge = (stage_.road_width() / 2);
  for (const double mirror : {-1.0, 1.0}) {
    double gap = place == ScenePlace::kCity ? 8 : 13;
    if (place == ScenePlace::kForest) gap = 4;
    const double share = place == ScenePlace::kHighway ? 0.45 : 0.8;
    double depth = between(random, 5, 5 + gap);
    while (depth < 150) {
      const bool is_there = random.unit() < share;
      const double away = between(random, 0, place == ScenePlace::kForest ? 9 : 6);
      const std::uint64_t seed = random.next();
      const bool is_building = place == ScenePlace::kCity || seed % 9 == 0;
      const double side = mirror * (edge + (is_building ? 8.5 : 4) + away);
      const Spot foot{.side = side, .depth = depth};
      if (is_there) {
        add(depth, [this, foot, seed, is_building] {
          SeededRandom own(seed);
          is_building ? draw_building(stage_, foot, own) : draw_tree(stage_, foot, own);
        });
      }
      depth += between(random, gap * 0.7, gap * 1.6);
    }
    const bool has_lamps = place == ScenePlace::kCity || random.below(3) == 0;
    double lamp = between(random, 8, 30);
    while (has_lamps && lamp < 130) {
      const Spot foot{.side = mirror * (edge + 1.6), .depth = lamp};
      add(lamp, [this, foot, mirror] { draw_lamp_post(stage_, foot, mirror); });
      lamp += 28;
    }
  }
  const auto num_signs = random.below(3);
  for (std::uint64_t i = 0; i < num_signs; ++i) {
    const double mirror = random.below(2) == 0 ? -1 : 1;
    const Spot foot{.side = mirror * (edge + between(random, 1.2, 2.4)),
                    .depth = between(random, 9, 60)};
    add(foot.depth, [this, foot, seed = random.next()] {
      SeededRandom own(seed);
      draw_road_sign(stage_, foot, own);
    });
  }
}

void Scenery::add_traffic() {
  SeededRandom random = sequence_of(stage_.scene().seed, ScenePart::kTraffic);
  for (int i = 0; i < stage_.scene().num_vehicles; ++i) {
    const int lane =
        static_cast<int>(random.below(static_cast<std::uint64_t>(stage_.scene().num_lanes)));
    const double unit = random.unit();
    const double shift = between(random, -0.4, 0.4);
    const std::uint64_t seed = random.next();
    // Nobody drives in front of works, where he would hide them.
    double nearest = lane == stage_.own_lane() ? 13.0 : 7.0;
    if (has_works()) nearest = site_.end + (lane == site_.lane ? 12 : 2);
    const Spot foot{.side = stage_.lane_middle(lane) + shift, .depth = nearest + (unit * 42)};
    add(foot.depth, [this, foot, seed] {
      SeededRandom own(seed);
      draw_vehicle(stage_, foot, own);
    });
  }
}

/// Cones or drums, first aslant into the lane, then along it.
void Scenery::add_row(SeededRandom& random) {
  const bool has_cones = stage_.scene().works.has_cones;
  const double inner =
      stage_.lane_middle(site_.lane) - (site_.mirror * (Stage::kLaneWidth / 2 - 0.35));
  const double outer =
      stage_.lane_middle(site_.lane) + (site_.mirror * (Stage::kLaneWidth / 2 - 0.2));
  const double step = between(random, 1.6, 3.2);
  const double taper = between(random, 4, 8);
  double depth = site_.start;
  while (depth < site_.end) {
    const double share = std::min((depth - site_.start) / taper, 1.0);
    const Spot foot{.side = outer + ((inner - outer) * share) + between(random, -0.12, 0.12),
                    .depth = depth};
    add(depth,
        [this, foot, has_cones] { has_cones ? draw_cone(stage_, foot) : draw_drum(stage_, foot); });
    depth += step;
  }
}

void Scenery::add_machines(SeededRandom& random) {
  const SceneWorks& works = stage_.scene().works;
  const double lane = stage_.lane_middle(site_.lane);
  const Spot trench{.side = lane + (site_.mirror * 0.5), .depth = site_.start + 4.5};
  const Spot digger = seen({.side = lane + (site_.mirror * between(random, 0.6, 2.6)),
                            .depth = site_.start + between(random, 9, 14)});
  const Spot sign =
      seen({.side = site_.mirror * (stage_.road_width() / 2 + between(random, 1, 2.4)),
            .depth = site_.start - between(random, 0, 2)});
  const Spot barrier{.side = lane + (site_.mirror * 0.3),
                     .depth = site_.start + between(random, 5.5, 8)};
  // Not in front of the digger, of which one would see the arm alone.
  const Spot board{.side = lane - (site_.mirror * 0.2),
                   .depth = site_.start + (works.has_digger ? 22 : between(random, 9, 12))};
  // Flat: before all that stands on it.
  if (works.has_trench) add(1000, [this, trench] { draw_trench(stage_, trench, 1.5, 9); });
  if (works.has_digger) {
    add(digger.depth, [this, digger] { draw_digger(stage_, digger, site_.mirror); });
  }
  if (works.has_sign) add(sign.depth, [this, sign] { draw_works_sign(stage_, sign); });
  if (works.has_barriers) {
    add(barrier.depth, [this, barrier] { draw_barrier(stage_, barrier, 2.4); });
  }
  if (works.has_arrow_board) add(board.depth, [this, board] { draw_arrow_board(stage_, board); });
}

void Scenery::add_workers(SeededRandom& random) {
  const double lane = stage_.lane_middle(site_.lane);
  const auto count = 1 + random.below(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Spot foot = seen({.side = lane + (site_.mirror * between(random, -0.6, 2.2)),
                            .depth = site_.start + between(random, 3, 9)});
    const double mirror = random.below(2) == 0 ? -1 : 1;
    add(foot.depth, [this, foot, mirror] { draw_worker(stage_, foot, mirror); });
  }
}

void Scenery::add_works() {
  if (!has_works()) return;
  SeededRandom random = sequence_of(stage_.scene().seed, ScenePart::kWorks);
  random.next();
  add_row(random);
  add_machines(random);
  if (stage_.scene().works.has_workers) add_workers(random);
}

void Scenery::draw() {
  std::ranges::stable_sort(things_, std::ranges::greater(), &Thing::depth);
  for (const Thing& thing : things_) thing.draw();
}

}  // namespace

void draw_things(Stage& stage) {
  Scenery scenery(stage);
  scenery.add_roadside();
  scenery.add_traffic();
  scenery.add_works();
  scenery.draw();
}

}  // namespace assay::images

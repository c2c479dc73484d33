#include "images/scene.h"

#include "core/crc32c.h"
#include "images/perceptual_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <vector>

namespace assay::images {
namespace {

constexpr ImageSize kSmall{.width = 256, .height = 144};

SceneLabel label_of(std::uint64_t seed) {
  return seed % 2 == 0 ? SceneLabel::kNone : SceneLabel::kRoadwork;
}

std::size_t num_different(const Image& left, const Image& right) {
  std::size_t count = 0;
  for (std::uint32_t y = 0; y < left.height(); ++y) {
    for (std::uint32_t x = 0; x < left.width(); ++x) {
      int difference = 0;
      for (std::size_t i = 0; i < kNumChannels; ++i) {
        difference +=
            std::abs(left.row(y)[(x * kNumChannels) + i] - right.row(y)[(x * kNumChannels) + i]);
      }
      count += difference > 24 ? 1 : 0;
    }
  }
  return count;
}

TEST(Scene, HasThePixelsOfItsSeed) {
  const auto sum_of = [](std::uint64_t seed) {
    const Image image = draw_scene(plan_scene(seed, label_of(seed)), {.width = 320, .height = 200});
    return crc32c(std::as_bytes(image.pixels()));
  };
  // On every machine, by every compiler.
  EXPECT_EQ(sum_of(1), 306310631U);
  EXPECT_EQ(sum_of(2), 1467030863U);
  EXPECT_EQ(sum_of(77), 497024068U);
}

TEST(Scene, NoTwoOf200AreNearDuplicates) {
  std::vector<std::uint64_t> looks;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    looks.push_back(perceptual_hash(draw_scene(plan_scene(seed, label_of(seed)), kSmall)));
  }
  int nearest = 64;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      nearest = std::min(nearest, hash_distance(looks[i], looks[j]));
    }
  }
  EXPECT_GT(nearest, 4);
}

TEST(Scene, ShowsEachThingThatItsWorksName) {
  constexpr std::array kThings = {&SceneWorks::has_barriers,    &SceneWorks::has_sign,
                                  &SceneWorks::has_arrow_board, &SceneWorks::has_digger,
                                  &SceneWorks::has_workers,     &SceneWorks::has_trench};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Scene scene = plan_scene(seed, SceneLabel::kRoadwork);
    const Image image = draw_scene(scene, kSmall);
    EXPECT_NE(scene.works.has_cones, scene.works.has_drums);
    for (std::size_t i = 0; i < kThings.size(); ++i) {
      if (!(scene.works.*kThings[i])) continue;
      Scene without = scene;
      without.works.*kThings[i] = false;
      EXPECT_GE(num_different(image, draw_scene(without, kSmall)), 12U)
          << "seed " << seed << ", thing " << i;
    }
  }
}

TEST(Scene, ShowsNothingOfWorksWithoutThem) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Scene none = plan_scene(seed, SceneLabel::kNone);
    const Scene works = plan_scene(seed, SceneLabel::kRoadwork);
    Scene cleared = works;
    cleared.label = SceneLabel::kNone;
    EXPECT_EQ(num_different(draw_scene(none, kSmall), draw_scene(cleared, kSmall)), 0U);
    EXPECT_GE(num_different(draw_scene(none, kSmall), draw_scene(works, kSmall)), 60U) << seed;
  }
}

TEST(Scene, OtherLightLeavesEverythingWhereItIs) {
  const Scene scene = plan_scene(5, SceneLabel::kRoadwork);
  const Scene other = relit(scene, 9);
  EXPECT_TRUE(other.light != scene.light || other.weather != scene.weather);
  EXPECT_EQ(other.seed, scene.seed);
  EXPECT_EQ(other.num_vehicles, scene.num_vehicles);
  EXPECT_EQ(other.works.has_digger, scene.works.has_digger);
  EXPECT_GT(num_different(draw_scene(scene, kSmall), draw_scene(other, kSmall)), 2000U);
}

TEST(Scene, IsDrawnInAnySize) {
  for (const ImageSize size :
       {ImageSize{kMinSceneSide, kMinSceneSide}, ImageSize{64, 500}, ImageSize{901, 67}}) {
    EXPECT_EQ(draw_scene(plan_scene(3, SceneLabel::kRoadwork), size).size(), size);
  }
}

}  // namespace
}  // namespace assay::images

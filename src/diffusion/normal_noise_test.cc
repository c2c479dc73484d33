#include "diffusion/normal_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay::diffusion {
namespace {

TEST(NormalNoise, FollowsFromItsSeed) {
  EXPECT_EQ(NormalNoise(7).take(9), NormalNoise(7).take(9));
  EXPECT_NE(NormalNoise(7).take(9), NormalNoise(8).take(9));
}

TEST(NormalNoise, IsNormal) {
  constexpr std::size_t kCount = 200'000;
  const std::vector<float> noise = NormalNoise(1).take(kCount);
  double sum = 0;
  double squares = 0;
  double fourths = 0;
  std::size_t num_within = 0;
  for (const double value : noise) {
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
    fourths += value * value * value * value;
    if (std::abs(value) < 1) ++num_within;
  }
  // Four deviations of each figure's own.
  EXPECT_NEAR(sum / kCount, 0, 0.009);
  EXPECT_NEAR(squares / kCount, 1, 0.013);
  EXPECT_NEAR(fourths / kCount, 3, 0.09);
  EXPECT_NEAR(static_cast<double>(num_within) / kCount, 0.6827, 0.0042);
}

}  // namespace
}  // namespace assay::diffusion

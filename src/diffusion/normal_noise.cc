#include "diffusion/normal_noise.h"

#include <cmath>
#include <cstddef>
#include <numbers>

namespace assay::diffusion {

void NormalNoise::fill(std::span<float> into) {
  for (std::size_t i = 0; i < into.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log1p(-random_.unit()));
    const double angle = 2 * std::numbers::pi * random_.unit();
    into[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < into.size()) into[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

std::vector<float> NormalNoise::take(std::size_t count) {
  std::vector<float> noise(count);
  fill(noise);
  return noise;
}

}  // namespace assay::diffusion

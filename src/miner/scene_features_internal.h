/// \file
/// What the scene detector measures of a picture.

#pragma once

#include "images/image.h"

#include <array>
#include <cstddef>

namespace assay::miner {

/// Hues: seven of 15 degrees from red to yellow-green, then four wide ones.
inline constexpr std::size_t kNumHues = 11;
/// How colourful: four steps.
inline constexpr std::size_t kNumChromas = 4;
/// Shares of the picture, and of the tile that has most, by hue and colourfulness; stripes along
/// rows and columns; light, spread of light, colourfulness.
inline constexpr std::size_t kNumSceneFeatures = (2 * kNumHues * kNumChromas) + 4 + 3;

using SceneFeatures = std::array<double, kNumSceneFeatures>;

/// Pre: `image` is not empty. Cost: some 2 ms; larger pictures are made small first.
SceneFeatures scene_features(const images::Image& image);

}  // namespace assay::miner

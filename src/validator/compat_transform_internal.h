/// \file
/// What the old validator did to images, defects included; AugmentationStyle::kCompat says which.

#pragma once

#include "core/random.h"
#include "images/image.h"

namespace assay::validator {

// Pre of all: `image` is not empty.

/// Scale what a pixel is away from its luma; what leaves 0 to 255 comes back from the other end.
images::Image scale_chroma_unclamped(const images::Image& image, double factor);

/// Multiply every sample. Pre: `factor` is from 0 to 1.
images::Image darken(const images::Image& image, double factor);

/// Make it `factor` times smaller and as large as it was, both bilinear. Pre: `factor` > 0.
images::Image shrink_and_stretch(const images::Image& image, int factor);

/// Add a normal error of `deviation` (of 255) to luma and both chromas, cut off at 0 and 255.
images::Image add_colour_noise(const images::Image& image, double deviation, RandomSource& random);

}  // namespace assay::validator

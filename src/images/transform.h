/// \file
/// Images turned, mirrored, recoloured and worn: each the same on every machine.

#pragma once

#include "core/random.h"
#include "images/image.h"
#include "images/resize.h"

#include <cstdint>

namespace assay::images {

// None of these changes the image it is given. Pre of all: `image` is not empty.

/// Left becomes right.
Image flip_horizontally(const Image& image);
/// Top becomes bottom.
Image flip_vertically(const Image& image);

/// Take a part. Pre: `box` lies within the image and is not empty.
Image crop(const Image& image, PixelBox box);

/// Turn anticlockwise about the middle, keeping the size. Pixels between pixels are interpolated
/// along both axes; what comes from outside is the picture mirrored at its edge.
Image rotate(const Image& image, double degrees);

/// Likewise, but by the pixel that lies next; what comes from outside is black.
Image rotate_nearest(const Image& image, double degrees);

/// Move every sample away from its pixel's grey (0.299 red, 0.587 green, 0.114 blue) by `factor`: 0
/// is grey, 1 changes nothing. What leaves 0 to 255 is cut off.
Image adjust_saturation(const Image& image, double factor);

/// Move every sample away from the mean grey of the image by `factor`, likewise.
Image adjust_contrast(const Image& image, double factor);

/// Blur with a Gaussian of `deviation` pixels, mirrored at the edges. Pre: `deviation` > 0, at most
/// 50.
Image blur(const Image& image, double deviation);

/// A normal number of deviation 1, by G. Box and M. Muller's formula: std::normal_distribution
/// differs from library to library.
double normal(RandomSource& random);

/// Add a normal error of `deviation` (of 255) to every sample, cut off at 0 and 255.
Image add_noise(const Image& image, double deviation, RandomSource& random);

}  // namespace assay::images

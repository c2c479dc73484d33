/// \file
/// Images for tests in which one place is not like another.

#pragma once

#include "images/image.h"
#include "images/resize.h"

#include <cstdint>

namespace assay::images::testing {

/// Something like a photo: large soft shapes and smaller ones on them, another one for each seed.
Image picture(ImageSize size, std::uint64_t seed);

/// A part of an image. Pre: `box` lies within it.
Image cut(const Image& image, PixelBox box);

}  // namespace assay::images::testing

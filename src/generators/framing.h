/// \file
/// An image of any size in one whose sides a model can do: scaled with its aspect ratio and set in
/// a frame, never squashed.

#pragma once

#include "images/image.h"
#include "images/resize.h"

#include <cstdint>

namespace assay::generators {

/// Sides of images that diffusion models work on: a latent pixel stands for 8 x 8.
inline constexpr std::uint32_t kSideStep = 8;

/// Where an image lies on a canvas.
struct Frame {
  images::ImageSize canvas;
  images::PixelBox inner;
};

/// As large as it fits, in the middle. Pre: neither is empty.
Frame frame_in(images::ImageSize source, images::ImageSize canvas);

/// The size itself, smaller only when a side is above `max_side`; the canvas is the least one of
/// whole steps. Pre: `source` is not empty; `max_side` is a multiple of kSideStep.
Frame frame_around(images::ImageSize source, std::uint32_t max_side);

/// The image in its frame; around it its border goes on, which disturbs a model less than black.
/// Pre: `image` is not empty.
images::Image framed(const images::Image& image, const Frame& frame);

/// What lies in the frame; of a canvas that came back in another size, the same part.
/// Pre: `canvas` is not empty.
images::Image unframed(const images::Image& canvas, const Frame& frame);

}  // namespace assay::generators

/// \file
/// Resizing as the models saw it: the filters of PIL up to its version 12, equal to the byte.

#pragma once

#include "images/image.h"

#include <cstdint>
#include <span>

namespace assay::images {

enum class ResizeFilter : std::uint8_t {
  kNearest,   ///< The pixel that lies below; not antialiased.
  kBilinear,  ///< A triangle over two pixels.
  kBicubic,   ///< Keys' cubic over four pixels, a = -0.5.
  kLanczos,   ///< A windowed sinc over six pixels.
};

/// A part of an image, in pixels.
struct PixelBox {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  ImageSize size;
};

/// Resize to `size`; all filters but the nearest widen where the image shrinks. Each axis is
/// rounded to 8 bits.
///
/// Pre:  neither `image` nor `size` is empty.
/// Cost: the pixels, and some 3 bytes a pixel of (width of `size`, height of `image`).
Image resize(const Image& image, ImageSize size, ResizeFilter filter = ResizeFilter::kBicubic);

/// Work out only the part `box` of what resize() would give.
///
/// Pre: `box` lies within `size` and is not empty; `into` holds its pixels, 3 bytes each.
void resize_part(const Image& image, ImageSize size, PixelBox box, ResizeFilter filter,
                 std::span<std::uint8_t> into);

/// The size and part that clip_crop() takes of an image of `size`.
struct ClipCrop {
  ImageSize resized;
  PixelBox box;
};
ClipCrop clip_crop_of(ImageSize size, std::uint32_t side);

/// Resize the shorter side to `side` (bicubic; the longer is cut to whole pixels) and take the
/// square in the middle, as torchvision's Resize and CenterCrop do for CLIP's models.
///
/// Pre: `image` and `side` are not empty; `into` holds side * side * 3 bytes.
void clip_crop(const Image& image, std::uint32_t side, std::span<std::uint8_t> into);

}  // namespace assay::images

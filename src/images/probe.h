/// \file
/// What a file says of its image before any pixel is decoded.

#pragma once

#include "images/image.h"
#include "images/refusal.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace assay::images {

enum class ImageFormat : std::uint8_t { kJpeg, kPng, kWebp, kGif, kBmp, kTiff, kHeif, kAvif };

/// `JPEG`, `PNG`, `WebP`, `GIF`, `BMP`, `TIFF`, `HEIF` or `AVIF`.
std::string_view to_string(ImageFormat format);

/// How pixels are stored, as far as it decides what they become.
enum class PixelMode : std::uint8_t {
  kBilevel,
  kGray,
  kGrayAlpha,
  kGray16,
  kPalette,
  kRgb,
  kRgba,
  kCmyk,
};

/// PIL's name of the mode: `1`, `L`, `LA`, `I;16`, `P`, `RGB`, `RGBA` or `CMYK`.
std::string_view to_string(PixelMode mode);

/// How a stored image has to be turned to be upright, as Exif numbers it.
enum class Orientation : std::uint8_t {
  kUpright = 1,
  kMirrored = 2,
  kTurnedByHalf = 3,
  kFlipped = 4,
  kTransposed = 5,
  kTurnRight = 6,
  kTransversed = 7,
  kTurnLeft = 8,
};

struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  PixelMode mode = PixelMode::kRgb;
  /// As stored: before any orientation is honoured.
  ImageSize size;
  Orientation orientation = Orientation::kUpright;
  /// More than one frame; only the first is ever decoded.
  bool is_animated = false;
};

/// The format, by the first bytes alone.
std::optional<ImageFormat> find_format(std::span<const std::byte> encoded);

/// Read the header. Nothing is allocated in proportion to the image.
Readable<ImageHeader> probe(std::span<const std::byte> encoded);

}  // namespace assay::images

/// \file
/// Drawing on an image: polygons with soft edges, gradients and grain.

#pragma once

#include "images/image.h"

#include <cstdint>
#include <span>
#include <vector>

namespace assay::images {

struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// Units: pixels from the upper left corner, y downwards.
struct Point {
  double x = 0;
  double y = 0;
};

/// How an area is filled.
struct Paint {
  /// `top` at `y_top` and above, `bottom` at `y_bottom` and below, between them a gradient.
  Color top = {};
  Color bottom = {};
  double y_top = 0;
  double y_bottom = 0;
  std::uint8_t opacity = 255;
  /// By how much the grain brightens or darkens at most, 0 to 255.
  int grain = 0;
  /// The width of a grain in pixels is the power of two of this, 0 to 12.
  int grain_scale = 0;
  std::uint64_t grain_seed = 0;
};

/// One colour.
Paint plain(Color color, std::uint8_t opacity = 255);

/// Smooth noise of one cell size, -256 to 256: the same for the same seed on every machine.
int noise_at(std::uint32_t x, std::uint32_t y, int scale, std::uint64_t seed);

/// An image that is drawn on. The pixels depend on the calls alone, not on machine or compiler:
/// everything behind the rounding of points to 1/256 of a pixel is whole numbers.
/// Threads: one thread at a time.
class Canvas {
 public:
  /// Black. Pre: `size` is not empty.
  explicit Canvas(ImageSize size);

  ImageSize size() const { return image_.size(); }
  /// Fill the inside, by the even-odd rule; what is outside the image is cut off.
  void fill(std::span<const Point> polygon, const Paint& paint);
  Image& image() { return image_; }
  Image take() { return std::move(image_); }

 private:
  void blend_row(std::uint32_t y, std::int64_t first, std::int64_t last, const Paint& paint);

  Image image_;
  std::vector<std::int32_t> coverage_;
  std::vector<std::int64_t> crossings_;
};

}  // namespace assay::images

#include "images/testing/pictures.h"

#include "core/random.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace assay::images::testing {

Image picture(ImageSize size, std::uint64_t seed) {
  SeededRandom random(seed);
  Image image = Image::with_size({.width = 1, .height = 1});
  std::ranges::fill(image.pixels(), std::uint8_t{128});
  image = resize(image, size);
  for (std::uint32_t cells = 3; cells <= 96; cells *= 2) {
    Image shapes = Image::with_size({.width = cells, .height = cells});
    for (std::uint8_t& sample : shapes.pixels()) {
      sample = static_cast<std::uint8_t>(random.next() % 256);
    }
    const Image layer = resize(shapes, size);
    const auto pixels = image.pixels();
    const auto added = layer.pixels();
    const int strength = cells <= 12 ? 3 : 6;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] =
          static_cast<std::uint8_t>(std::clamp(pixels[i] + ((added[i] - 128) / strength), 0, 255));
    }
  }
  return image;
}

Image cut(const Image& image, PixelBox box) {
  Image part = Image::with_size(box.size);
  for (std::uint32_t y = 0; y < box.size.height; ++y) {
    std::copy_n(image.row(box.top + y) + (std::size_t{box.left} * kNumChannels), part.row_size(),
                part.row(y));
  }
  return part;
}

}  // namespace assay::images::testing

#include "generators/framing.h"

#include "images/transform.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace assay::generators {
namespace {

std::uint32_t rounded(double length) {
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::lround(length)));
}

std::uint32_t whole_steps(std::uint32_t length) {
  return (length + kSideStep - 1) / kSideStep * kSideStep;
}

images::ImageSize scaled(images::ImageSize size, double factor) {
  return {.width = rounded(size.width * factor), .height = rounded(size.height * factor)};
}

Frame in_the_middle(images::ImageSize size, images::ImageSize canvas) {
  return {.canvas = canvas,
          .inner = {.left = (canvas.width - size.width) / 2,
                    .top = (canvas.height - size.height) / 2,
                    .size = size}};
}

}  // namespace

Frame frame_in(images::ImageSize source, images::ImageSize canvas) {
  const double factor = std::min(static_cast<double>(canvas.width) / source.width,
                                 static_cast<double>(canvas.height) / source.height);
  images::ImageSize size = scaled(source, factor);
  size.width = std::min(size.width, canvas.width);
  size.height = std::min(size.height, canvas.height);
  return in_the_middle(size, canvas);
}

Frame frame_around(images::ImageSize source, std::uint32_t max_side) {
  const double factor =
      std::min(1.0, static_cast<double>(max_side) / std::max(source.width, source.height));
  const images::ImageSize size = scaled(source, factor);
  return in_the_middle(size,
                       {.width = whole_steps(size.width), .height = whole_steps(size.height)});
}

images::Image framed(const images::Image& image, const Frame& frame) {
  const images::PixelBox& inner = frame.inner;
  const images::Image part = images::resize(image, inner.size);
  images::Image canvas = images::Image::with_size(frame.canvas);
  for (std::uint32_t y = 0; y < frame.canvas.height; ++y) {
    const std::uint32_t from_y =
        std::clamp(y, inner.top, inner.top + inner.size.height - 1) - inner.top;
    const std::uint8_t* const from = part.row(from_y);
    std::uint8_t* const into = canvas.row(y);
    for (std::uint32_t x = 0; x < frame.canvas.width; ++x) {
      const std::uint32_t from_x =
          std::clamp(x, inner.left, inner.left + inner.size.width - 1) - inner.left;
      std::memcpy(into + (x * images::kNumChannels), from + (from_x * images::kNumChannels),
                  images::kNumChannels);
    }
  }
  return canvas;
}

images::Image unframed(const images::Image& canvas, const Frame& frame) {
  const double across = static_cast<double>(canvas.width()) / frame.canvas.width;
  const double down = static_cast<double>(canvas.height()) / frame.canvas.height;
  images::PixelBox box{.left = static_cast<std::uint32_t>(frame.inner.left * across),
                       .top = static_cast<std::uint32_t>(frame.inner.top * down),
                       .size = {}};
  box.size = {
      .width = std::min(rounded(frame.inner.size.width * across), canvas.width() - box.left),
      .height = std::min(rounded(frame.inner.size.height * down), canvas.height() - box.top)};
  return images::crop(canvas, box);
}

}  // namespace assay::generators

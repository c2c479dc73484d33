#include "images/resize.h"
#include "images/transform.h"
#include "validator/compat_transform_internal.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace assay::validator {
namespace {

using images::Image;
using images::kNumChannels;

// ITU-R BT.601.
constexpr std::array<double, kNumChannels> kLuma = {0.299, 0.587, 0.114};
constexpr double kRedOfCr = 1.402;
constexpr double kGreenOfCb = -0.344136;
constexpr double kGreenOfCr = -0.714136;
constexpr double kBlueOfCb = 1.772;
// The chroma's middle there lies beside where it should: at a half, of values up to 255.
constexpr double kMiddleError = 0.5;

/// A copy in which `change` has had each pixel.
template <typename Change>
Image with_pixels(const Image& image, Change change) {
  Image changed = Image::with_size(image.size());
  const auto from = image.pixels();
  const auto into = changed.pixels();
  for (std::size_t at = 0; at < from.size(); at += kNumChannels) {
    change(from.data() + at, into.data() + at);
  }
  return changed;
}

std::uint8_t cut_off(double value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
}

}  // namespace

Image scale_chroma_unclamped(const Image& image, double factor) {
  const double shift = (1 - factor) * kMiddleError;
  const std::array<double, kNumChannels> shifts = {
      shift * kRedOfCr, shift * (kGreenOfCb + kGreenOfCr), shift * kBlueOfCb};
  return with_pixels(image, [&](const std::uint8_t* pixel, std::uint8_t* into) {
    double luma = 0;
    for (std::size_t i = 0; i < kNumChannels; ++i) luma += kLuma.at(i) * pixel[i];
    for (std::size_t i = 0; i < kNumChannels; ++i) {
      const double value = luma + factor * (pixel[i] - luma) + shifts.at(i);
      into[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(value));  // mod 256
    }
  });
}

Image darken(const Image& image, double factor) {
  return with_pixels(image, [factor](const std::uint8_t* pixel, std::uint8_t* into) {
    for (std::size_t i = 0; i < kNumChannels; ++i) into[i] = cut_off(factor * pixel[i]);
  });
}

Image shrink_and_stretch(const Image& image, int factor) {
  const auto smaller = [factor](std::uint32_t length) {
    return std::max(length / static_cast<std::uint32_t>(factor), std::uint32_t{1});
  };
  const Image small =
      images::resize(image, {.width = smaller(image.width()), .height = smaller(image.height())},
                     images::ResizeFilter::kBilinear);
  return images::resize(small, image.size(), images::ResizeFilter::kBilinear);
}

Image add_colour_noise(const Image& image, double deviation, RandomSource& random) {
  return with_pixels(image, [&](const std::uint8_t* pixel, std::uint8_t* into) {
    const double luma = deviation * images::normal(random);
    const double blue = deviation * images::normal(random);
    const double red = deviation * images::normal(random);
    into[0] = cut_off(pixel[0] + luma + kRedOfCr * red);
    into[1] = cut_off(pixel[1] + luma + kGreenOfCb * blue + kGreenOfCr * red);
    into[2] = cut_off(pixel[2] + luma + kBlueOfCb * blue);
  });
}

}  // namespace assay::validator

/// \file
/// From an image to the numbers that a model was trained on, as its preprocessor_config.json says.

#pragma once

#include "core/result.h"
#include "images/image.h"
#include "images/resize.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace assay::classification {

/// How an image is made small.
enum class ResizeRule : std::uint8_t {
  kExact,         ///< To a size, whatever the aspect ratio.
  kShortestEdge,  ///< The shorter side to a length; the longer is cut to whole pixels.
};

struct Preprocessing {
  ResizeRule rule = ResizeRule::kExact;
  /// Of kExact; of kShortestEdge both sides are that length.
  images::ImageSize resized = {};
  images::ResizeFilter filter = images::ResizeFilter::kBilinear;
  /// The part in the middle that is looked at; nothing for all of it.
  std::optional<images::ImageSize> crop = std::nullopt;
  /// A colour of 0 to 255 becomes (colour * scale + offset - mean) / deviation.
  double scale = 1.0 / 255;
  double offset = 0;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> deviation = {1, 1, 1};
  /// The deviation divides once more, as EfficientNet's whole models were trained.
  bool divides_twice = false;
  /// The planes are blue, green, red, as MobileViT's.
  bool is_blue_first = false;

  /// Of what the model sees.
  images::ImageSize input_size() const { return crop.value_or(resized); }
};

/// Read preprocessor_config.json. `size` must be there; a filter that is not named is bilinear, and
/// colours are scaled by 1 / 255 unless it is said otherwise, as in the tools that write the file.
/// What transformers' processors of ConvNeXT, EfficientNet, LeViT, MobileViT and PoolFormer do
/// beyond the members that all have is done too.
/// Errors: kCorrupt (no JSON object), kInvalidInput (names the field, and what was expected: among
///         them whatever else would change pixels and is not done here).
Result<Preprocessing> parse_preprocessing(std::string_view text);

/// The input of a model for one image.
///
/// Pre:   `image` is not empty.
/// Shape: [3, height, width] of input_size(), red, green, blue (or the other way round).
std::vector<float> prepare(const images::Image& image, const Preprocessing& preprocessing);

}  // namespace assay::classification

/// \file
/// From four numbers of a network to a crop that a tool can use.

#pragma once

#include "decisions/decision.h"

#include <array>
#include <cstdint>
#include <optional>

namespace assay::predict {

enum class AspectRatio : std::uint8_t {
  kLocked,  ///< A crop has the shape of its image, as those that people make.
  kFree,
};

struct CropOptions {
  AspectRatio aspect_ratio = AspectRatio::kLocked;
  /// Of each side, as a share.
  double min_side = 0.1;
  /// A side that ends this close to the image's edge ends at it.
  double edge_snap = 0.01;
  /// A crop of at least this share of the area is none.
  double max_area = 0.95;
};

/// What the network meant: corners in order, within the image, no smaller than allowed, of the
/// image's own shape when that is locked (a square of the same area around the same middle, moved
/// inwards where it would leave the image). Nothing when so much is left that cropping is not worth
/// it, or when a number is not finite.
std::optional<decisions::CropBox> usable_crop(const std::array<float, 4>& raw,
                                              const CropOptions& options);

}  // namespace assay::predict

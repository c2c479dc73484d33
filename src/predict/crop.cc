#include "predict/crop.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay::predict {
namespace {

/// A stretch of one axis.
struct Stretch {
  double begin = 0;
  double end = 1;

  double length() const { return end - begin; }

  /// One of another length around the same middle, moved inwards where it would leave 0 to 1.
  Stretch resized(double length) const {
    length = std::min(length, 1.0);
    const double start = std::clamp((begin + end - length) / 2, 0.0, 1.0 - length);
    return {.begin = start, .end = start + length};
  }

  Stretch snapped(double distance) const {
    return {.begin = begin <= distance ? 0 : begin, .end = end >= 1 - distance ? 1 : end};
  }
};

Stretch ordered(double one, double other) {
  if (other < one) std::swap(one, other);
  return {.begin = std::clamp(one, 0.0, 1.0), .end = std::clamp(other, 0.0, 1.0)};
}

}  // namespace

std::optional<decisions::CropBox> usable_crop(const std::array<float, 4>& raw,
                                              const CropOptions& options) {
  if (!std::ranges::all_of(raw, [](float value) { return std::isfinite(value); })) {
    return std::nullopt;
  }
  Stretch across = ordered(raw[0], raw[2]);
  Stretch down = ordered(raw[1], raw[3]);
  if (options.aspect_ratio == AspectRatio::kLocked) {
    // Shares of both sides are equal exactly when the shape is the image's.
    const double side = std::max(std::sqrt(across.length() * down.length()), options.min_side);
    across = across.resized(side);
    down = down.resized(side);
  } else {
    across = across.resized(std::max(across.length(), options.min_side)).snapped(options.edge_snap);
    down = down.resized(std::max(down.length(), options.min_side)).snapped(options.edge_snap);
  }
  if (across.length() * down.length() >= options.max_area) return std::nullopt;
  return decisions::CropBox{.x1 = across.begin, .y1 = down.begin, .x2 = across.end, .y2 = down.end};
}

}  // namespace assay::predict

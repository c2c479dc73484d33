/// \file
/// Where a part was cut out of an image, also when it was resized and encoded anew since.

#pragma once

#include "images/image.h"

#include <optional>

namespace assay::images {

/// In pixels of the whole image. Whole numbers when the part was cut out and not resized, and the
/// whole has no more than 50 million pixels.
struct PartPlace {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
  /// Pixels of the part for one of the whole; exactly 1 when it was not resized.
  double scale = 1;
  /// The normalised cross correlation of the gray values there: 1 for the same picture, whatever
  /// its brightness and contrast; some 0 for another one.
  double score = 0;
};

/// Find the place where `part` fits best, resized by one factor for both axes. A part narrower or
/// lower than an eighth of the longer side is not found.
///
/// Nothing when one of them has no contrast to go by, or the part is too small for a look at it; a
/// part of another picture has a place too, of a low score.
///
/// Pre:  neither is empty.
/// Cost: some tens of milliseconds and, for each pixel of the whole, up to 20 bytes.
std::optional<PartPlace> find_part(const Image& whole, const Image& part);

}  // namespace assay::images

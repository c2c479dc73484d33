/// \file
/// How large the images of a source are, by the headers of a few.

#pragma once

#include "archives/entry_source.h"

#include <cstddef>
#include <optional>

namespace assay::embedding {

/// Pixels an image, the mean of images from all over the source. Nothing when none of those looked
/// at can be read, or has a header.
/// Cost: each is read whole, none is decoded.
std::optional<double> mean_pixels(const archives::EntrySource& source, std::size_t num_samples);

}  // namespace assay::embedding

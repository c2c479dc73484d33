/// \file
/// Crops of a few images from all over some sources: for who measures something of them.

#pragma once

#include "archives/entry_source.h"
#include "core/sha256.h"
#include "images/decode.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace assay::embedding {

struct CropSampleOptions {
  std::size_t num_crops = 48;
  std::uint32_t side = 224;  ///< Pixels.
  images::DecodeOptions decode = {};
};

struct CropSample {
  /// Shape: [images.size(), side, side, 3] of sRGB bytes, row-major.
  std::vector<std::uint8_t> crops;
  std::vector<Sha256> images;  ///< By content; no two are equal.
};

/// Read and decode images that lie evenly among those of all sources together; in place of one
/// that cannot be read, or was taken before, a neighbour. Fewer where there are not so many.
/// Which ones follows from the entries and their bytes alone.
CropSample sample_crops(std::span<const std::unique_ptr<archives::EntrySource>> sources,
                        const CropSampleOptions& options);

}  // namespace assay::embedding

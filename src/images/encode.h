/// \file
/// Images become JPEG or PNG, for thumbnails and for what we draw ourselves.

#pragma once

#include "core/result.h"
#include "images/image.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::images {

enum class ChromaSampling : std::uint8_t {
  kFull,     ///< 4:4:4
  kQuarter,  ///< 4:2:0, smaller and good enough for photos.
};

struct JpegOptions {
  /// 1 to 100, as libjpeg counts it.
  int quality = 85;
  ChromaSampling chroma = ChromaSampling::kQuarter;
};

/// Encode as a baseline JPEG with optimized tables.
///
/// Pre:    `image` is not empty.
/// Errors: kInvalidInput (a side over JPEG's 65,500 pixels), kInternal.
Result<std::vector<std::byte>> encode_jpeg(const Image& image, const JpegOptions& options = {});

struct PngOptions {
  /// 0 to 9, as zlib counts it.
  int compression_level = 6;
};

/// Encode as a PNG of 8-bit RGB, filters chosen row by row.
///
/// Pre:    `image` is not empty.
/// Errors: kInternal (libpng refuses what should be valid).
Result<std::vector<std::byte>> encode_png(const Image& image, const PngOptions& options = {});

}  // namespace assay::images

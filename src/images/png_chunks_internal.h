/// \file
/// The chunks of a PNG, as far as they decide its pixels.

#pragma once

#include "images/byte_order_internal.h"
#include "images/image.h"
#include "images/probe.h"
#include "images/refusal.h"
#include "images/samples_internal.h"

#include <cstdint>
#include <vector>

namespace assay::images {

/// The format's own numbers.
enum class PngColor : std::uint8_t {
  kGray = 0,
  kRgb = 2,
  kPalette = 3,
  kGrayAlpha = 4,
  kRgba = 6,
};

struct PngChunks {
  ImageSize size;
  std::uint32_t bit_depth = 0;
  PngColor color = PngColor::kGray;
  bool is_interlaced = false;
  bool is_animated = false;
  Bytes exif;
  Palette palette{};
  /// The image data, in pieces.
  std::vector<Bytes> data;
  /// The last chunk is missing.
  bool ends_early = false;

  std::size_t num_channels() const;
};

/// Read all chunks. Checksums are compared where the header and the palette are concerned; the
/// image data has its own.
Readable<PngChunks> read_png_chunks(Bytes encoded);

/// Decode by libpng: the kinds that are rare, and what the fast way is compared with.
Readable<Image> decode_png_by_library(Bytes encoded, const PngChunks& chunks, Image reuse);

}  // namespace assay::images

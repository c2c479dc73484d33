/// \file
/// One probe and one decoder a format. A decoder is called after its probe, once the limits hold;
/// what it gives is of the size that the probe found, unless less detail will do.

#pragma once

#include "images/byte_order_internal.h"
#include "images/decode.h"
#include "images/image.h"
#include "images/probe.h"
#include "images/refusal.h"

#include <cstdint>
#include <vector>

namespace assay::images {

/// What a decoder works with.
struct DecodeInput {
  Bytes encoded;
  const ImageHeader& header;
  /// Memory that lives from image to image.
  std::vector<std::uint8_t>& scratch;
  DecodeDetail detail = DecodeDetail::kPixels;
};

Readable<ImageHeader> probe_bmp(Bytes encoded);
Readable<ImageHeader> probe_gif(Bytes encoded);
Readable<ImageHeader> probe_heif(Bytes encoded, ImageFormat format);
Readable<ImageHeader> probe_jpeg(Bytes encoded);
Readable<ImageHeader> probe_png(Bytes encoded);
Readable<ImageHeader> probe_tiff(Bytes encoded);
Readable<ImageHeader> probe_webp(Bytes encoded);

Readable<Image> decode_bmp(const DecodeInput& input, Image reuse);
Readable<Image> decode_gif(const DecodeInput& input, Image reuse);
Readable<Image> decode_heif(const DecodeInput& input, Image reuse);
Readable<Image> decode_jpeg(const DecodeInput& input, Image reuse);
Readable<Image> decode_png(const DecodeInput& input, Image reuse);
Readable<Image> decode_tiff(const DecodeInput& input, Image reuse);
Readable<Image> decode_webp(const DecodeInput& input, Image reuse);

/// The orientation in a block of Exif data (which begins with a TIFF header); upright where it is
/// not told or makes no sense.
Orientation read_orientation(Bytes exif);

/// Turn and mirror so that the image is upright.
Image make_upright(Image image, Orientation orientation);

}  // namespace assay::images

#include "images/decode.h"

#include "core/check.h"
#include "images/formats_internal.h"

#include <fmt/format.h>

#include <utility>

namespace assay::images {
namespace {

Readable<Image> decode_format(const DecodeInput& input, Image reuse) {
  switch (input.header.format) {
    case ImageFormat::kJpeg:
      return decode_jpeg(input, std::move(reuse));
    case ImageFormat::kPng:
      return decode_png(input, std::move(reuse));
    case ImageFormat::kWebp:
      return decode_webp(input, std::move(reuse));
    case ImageFormat::kGif:
      return decode_gif(input, std::move(reuse));
    case ImageFormat::kBmp:
      return decode_bmp(input, std::move(reuse));
    case ImageFormat::kTiff:
      return decode_tiff(input, std::move(reuse));
    case ImageFormat::kHeif:
    case ImageFormat::kAvif:
      return decode_heif(input, std::move(reuse));
  }
  CHECK(false, "a format of the list");
}

}  // namespace

Readable<DecodedImage> Decoder::decode(Bytes encoded, const DecodeOptions& options) {
  if (encoded.size() > options.max_encoded_size.count()) {
    return refuse(RefusalKind::kOverLimit, fmt::format("a file of {}, more than the limit of {}",
                                                       to_string(ByteCount(encoded.size())),
                                                       to_string(options.max_encoded_size)));
  }
  auto header = probe(encoded);
  if (!header) return std::unexpected(std::move(header.error()));
  const auto [width, height] = header->size;
  if (width == 0 || height == 0) {
    return refuse(RefusalKind::kCorrupt, fmt::format("{}: an image of {} x {} pixels",
                                                     to_string(header->format), width, height));
  }
  if (header->size.num_pixels() > options.max_pixels) {
    return refuse(RefusalKind::kOverLimit,
                  fmt::format("{}: {} x {} pixels, more than the limit of {}",
                              to_string(header->format), width, height, options.max_pixels));
  }
  const bool is_turned =
      options.orientation == ExifOrientation::kHonour || header->format == ImageFormat::kTiff;
  const DecodeDetail detail = is_turned ? DecodeDetail::kPixels : options.detail;
  auto image =
      decode_format({.encoded = encoded, .header = *header, .scratch = scratch_, .detail = detail},
                    std::move(spare_));
  if (!image) return std::unexpected(std::move(image.error()));
  CHECK(detail == DecodeDetail::kBlocks || image->size() == header->size,
        "a decoder gives the size that the probe found");
  if (!is_turned) return DecodedImage{std::move(*image), *header, header->size};
  image = make_upright(std::move(*image), header->orientation);
  const ImageSize upright = image->size();
  return DecodedImage{std::move(*image), *header, upright};
}

Result<Image> decode(Bytes encoded, const DecodeOptions& options) {
  auto decoded = Decoder().decode(encoded, options);
  if (!decoded) return decoded.error().to_error();
  return std::move(decoded->image);
}

}  // namespace assay::images

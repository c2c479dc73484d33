#include "images/probe.h"

#include "core/bytes.h"
#include "core/check.h"
#include "images/formats_internal.h"

#include <string_view>

namespace assay::images {

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kGif:
      return "GIF";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kTiff:
      return "TIFF";
    case ImageFormat::kHeif:
      return "HEIF";
    case ImageFormat::kAvif:
      return "AVIF";
  }
  CHECK(false, "a format of the list");
}

std::string_view to_string(PixelMode mode) {
  switch (mode) {
    case PixelMode::kBilevel:
      return "1";
    case PixelMode::kGray:
      return "L";
    case PixelMode::kGrayAlpha:
      return "LA";
    case PixelMode::kGray16:
      return "I;16";
    case PixelMode::kPalette:
      return "P";
    case PixelMode::kRgb:
      return "RGB";
    case PixelMode::kRgba:
      return "RGBA";
    case PixelMode::kCmyk:
      return "CMYK";
  }
  CHECK(false, "a mode of the list");
}

std::optional<ImageFormat> find_format(Bytes encoded) {
  using namespace std::string_view_literals;
  const std::string_view text = as_text(encoded);
  if (text.starts_with("\xff\xd8\xff"sv)) return ImageFormat::kJpeg;
  if (text.starts_with("\x89PNG\r\n\x1a\n"sv)) return ImageFormat::kPng;
  if (text.starts_with("RIFF"sv) && text.substr(0, 12).ends_with("WEBP"sv)) {
    return ImageFormat::kWebp;
  }
  if (text.starts_with("GIF87a"sv) || text.starts_with("GIF89a"sv)) return ImageFormat::kGif;
  if (text.starts_with("II*\0"sv) || text.starts_with("MM\0*"sv) || text.starts_with("II+\0"sv) ||
      text.starts_with("MM\0+"sv)) {
    return ImageFormat::kTiff;
  }
  if (text.size() >= 12 && text.substr(4, 4) == "ftyp"sv) {
    const std::string_view brand = text.substr(8, 4);
    if (brand == "avif"sv || brand == "avis"sv) return ImageFormat::kAvif;
    if (brand == "heic"sv || brand == "heix"sv || brand == "hevc"sv || brand == "hevx"sv ||
        brand == "heim"sv || brand == "heis"sv || brand == "mif1"sv || brand == "msf1"sv) {
      return ImageFormat::kHeif;
    }
  }
  if (text.starts_with("BM"sv)) return ImageFormat::kBmp;
  return std::nullopt;
}

Readable<ImageHeader> probe(Bytes encoded) {
  if (encoded.empty()) return refuse(RefusalKind::kTruncated, "an empty file");
  const auto format = find_format(encoded);
  if (!format) {
    return refuse(RefusalKind::kUnknownFormat,
                  "the first bytes are of none of JPEG, PNG, WebP, GIF, BMP, TIFF, HEIF, AVIF");
  }
  switch (*format) {
    case ImageFormat::kJpeg:
      return probe_jpeg(encoded);
    case ImageFormat::kPng:
      return probe_png(encoded);
    case ImageFormat::kWebp:
      return probe_webp(encoded);
    case ImageFormat::kGif:
      return probe_gif(encoded);
    case ImageFormat::kBmp:
      return probe_bmp(encoded);
    case ImageFormat::kTiff:
      return probe_tiff(encoded);
    case ImageFormat::kHeif:
    case ImageFormat::kAvif:
      return probe_heif(encoded, *format);
  }
  CHECK(false, "a format of the list");
}

}  // namespace assay::images

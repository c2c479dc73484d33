/// \file
/// Encoded images become 8-bit RGB, under limits.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "images/image.h"
#include "images/probe.h"
#include "images/refusal.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay::images {

/// What PIL opens at most: twice the pixels (a quarter of a GiB at three bytes) it warns of.
inline constexpr std::uint64_t kMaxPixels = 178'956'970;

/// Far above any photo; larger files are not read to see whether they are images.
inline constexpr ByteCount kMaxEncodedSize{256U << 20};

enum class ExifOrientation : std::uint8_t {
  kIgnore,  ///< Pixels as stored, which is what the models were trained on.
  kHonour,  ///< Turned and mirrored to be upright.
};

enum class DecodeDetail : std::uint8_t {
  kPixels,  ///< Every pixel.
  /// The whole file is read, and refused for all that kPixels refuses; but of a large JPEG each
  /// block of 8 x 8 pixels may become one, its mean, where the orientation is ignored: the inverse
  /// transform and most of the memory are saved.
  kBlocks,
};

struct DecodeOptions {
  ByteCount max_encoded_size = kMaxEncodedSize;
  std::uint64_t max_pixels = kMaxPixels;
  ExifOrientation orientation = ExifOrientation::kIgnore;
  DecodeDetail detail = DecodeDetail::kPixels;
};

struct DecodedImage {
  Image image;
  ImageHeader header;
  /// Of the image before its blocks became pixels; else its own.
  ImageSize whole = {};
};

/// Decodes one image after another, keeping the memory it needs between them.
///
/// The pixels equal PIL's `convert("RGB")` of the first frame: alpha is dropped, not composited;
/// 16-bit gray is cut off at 255, other 16-bit samples lose their lower byte; CMYK is multiplied
/// out without a profile; a TIFF is turned upright by its tag, other orientations wait for the
/// option. HEIF and AVIF, which libraries convert in their own ways, are near PIL's pixels, not
/// equal.
///
/// Threads: one thread at a time; one decoder each.
/// Cost:    three bytes a pixel, for PNG up to eight.
class Decoder {
 public:
  /// Decode the whole image, or say why not.
  Readable<DecodedImage> decode(std::span<const std::byte> encoded,
                                const DecodeOptions& options = {});

  /// Give back an image that is no longer needed: its memory serves for the next.
  void reuse(Image image) { spare_ = std::move(image); }

 private:
  Image spare_;
  std::vector<std::uint8_t> scratch_;
};

/// Decode one image.
/// Errors: kInvalidInput (no format we know, or of a kind that is not read), kCorrupt (damaged or
///         truncated), kExhausted (over the limits), kMissing (HEIF and AVIF without libheif).
Result<Image> decode(std::span<const std::byte> encoded, const DecodeOptions& options = {});

}  // namespace assay::images

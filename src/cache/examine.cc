#include "cache/examine.h"

#include "crypto/digest.h"
#include "images/perceptual_hash.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace assay::cache {
namespace {

std::string format_name(images::ImageFormat format) {
  std::string name(images::to_string(format));
  std::ranges::transform(name, name.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return name;
}

}  // namespace

images::Readable<ExaminedImage> examine(std::span<const std::byte> bytes,
                                        const ExamineLimits& limits, const OnPixels& on_pixels) {
  thread_local images::Decoder decoder;
  images::DecodeOptions options{.max_encoded_size = limits.max_size_bytes,
                                .max_pixels = limits.max_pixels,
                                .detail = images::DecodeDetail::kBlocks};
  auto decoded = decoder.decode(bytes, options);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  ExaminedImage result{.facts = {.size_bytes = bytes.size(),
                                 .content = crypto::sha256(bytes),
                                 .look = images::perceptual_hash(decoded->image, decoded->whole),
                                 .format = format_name(decoded->header.format),
                                 .size = decoded->header.size},
                       .header = decoded->header};
  if (on_pixels) {
    // The look is of the blocks all the same: two of one image are alike however it came.
    options.detail = images::DecodeDetail::kPixels;
    decoded = decoder.decode(bytes, options);
    if (!decoded) return std::unexpected(std::move(decoded.error()));
    on_pixels(decoded->image);
  }
  decoder.reuse(std::move(decoded->image));
  return result;
}

}  // namespace assay::cache

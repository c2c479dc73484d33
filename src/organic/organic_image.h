/// \file
/// An image that a client sends: read under limits, and made ready for miners.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::organic {

struct ImageLimits {
  /// Of the encoded image, before base64.
  ByteCount max_image = ByteCount(8U << 20);
  /// By its header, before anything is decoded; three bytes each while it is.
  std::uint64_t max_pixels = 25'000'000;
};

struct OrganicRequest {
  std::vector<std::byte> image;
  /// Of `image`; nothing else of the request makes it another one.
  Sha256 content;
  /// Whether the answer is to tell who was asked.
  bool is_rich = false;
};

/// The longest body that can be a request.
ByteCount max_request_body(const ImageLimits& limits);

/// Read `{"image": base64, "rich": "true"}`. The header of the image is looked at, its pixels are
/// not. Errors: kInvalidInput and kCorrupt (no such request, or no image), kExhausted (over a
///              limit).
Result<OrganicRequest> parse_organic_request(std::string_view body, const ImageLimits& limits);

/// The middle square as a small JPEG, as challenges are without variation: miners cannot tell one
/// from the other by it.
/// Cost:   three bytes a pixel, for PNG up to eight.
/// Errors: kInvalidInput, kCorrupt (no whole image), kExhausted (over a limit), kMissing (no
///         library for its format).
Result<std::vector<std::byte>> prepare_image(std::span<const std::byte> image,
                                             const ImageLimits& limits);

}  // namespace assay::organic

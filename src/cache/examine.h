/// \file
/// A whole look at an image before it is taken in, so that none fails later.

#pragma once

#include "cache/sidecar.h"
#include "images/decode.h"
#include "images/refusal.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace assay::cache {

/// What is taken in at most. Time is bounded by the pixels, and by how often a progressive JPEG may
/// go through them.
struct ExamineLimits {
  ByteCount max_size_bytes{64U << 20};
  std::uint64_t max_pixels = 100'000'000;
};

struct ExaminedImage {
  ImageFacts facts;
  images::ImageHeader header;
};

/// Sees the pixels of an image that is sound.
using OnPixels = std::function<void(const images::Image& image)>;

/// Read the whole image, and compute both hashes.
/// Threads: safe from any thread; each keeps the memory of its last image.
images::Readable<ExaminedImage> examine(std::span<const std::byte> bytes,
                                        const ExamineLimits& limits,
                                        const OnPixels& on_pixels = {});

}  // namespace assay::cache

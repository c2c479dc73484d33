/// \file
/// Fuzzes the decoders of all image formats under limits: what is decoded has the size that its
/// header told, what is refused has a reason.

#include "core/check.h"
#include "fuzz_target.h"
#include "images/decode.h"

#include <cstddef>
#include <cstdint>
#include <span>

FUZZ_TARGET(image) {
  constexpr assay::images::DecodeOptions kOptions{
      .max_encoded_size = assay::ByteCount(1U << 20),
      .max_pixels = 200'000,
      .orientation = assay::images::ExifOrientation::kHonour};
  static assay::images::Decoder decoder;
  const auto encoded = std::as_bytes(std::span(data, size));
  auto decoded = decoder.decode(encoded, kOptions);
  if (!decoded) {
    CHECK(!decoded.error().reason.empty(), "a refusal has a reason");
    return 0;
  }
  const auto& image = decoded->image;
  CHECK(image.size().num_pixels() == decoded->header.size.num_pixels(), "the size of the header");
  // Every byte was written, or a sanitizer that knows speaks up.
  std::uint32_t sum = 0;
  for (const std::uint8_t sample : image.pixels()) sum += sample;
  CHECK(sum <= image.pixels().size() * 255, "samples are bytes");
  decoder.reuse(std::move(decoded->image));
  return 0;
}

/// \file
/// Prints what becomes of image files, a line each: PIL's name of the mode, width, height, SHA-256
/// of the pixels and of the crop for CLIP; or `refused`, the kind and the reason.
///
///   image_digests [--exif] FILE...

#include "crypto/digest.h"
#include "images/decode.h"
#include "images/resize.h"

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace images = assay::images;

constexpr std::uint32_t kSide = 224;

std::string digest(std::span<const std::uint8_t> samples) {
  return assay::crypto::sha256(std::as_bytes(samples)).to_hex();
}

std::string describe(const std::string& path, images::Decoder& decoder,
                     const images::DecodeOptions& options) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  const std::string encoded = content.str();
  auto decoded = decoder.decode(assay::as_bytes(encoded), options);
  if (!decoded) {
    return fmt::format("refused {} {}", to_string(decoded.error().kind), decoded.error().reason);
  }
  const images::Image& image = decoded->image;
  std::vector<std::uint8_t> crop(std::size_t{kSide} * kSide * images::kNumChannels);
  images::clip_crop(image, kSide, crop);
  const std::string line =
      fmt::format("{} {} {} {} {}", to_string(decoded->header.mode), image.width(), image.height(),
                  digest(image.pixels()), digest(crop));
  decoder.reuse(std::move(decoded->image));
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  images::DecodeOptions options;
  images::Decoder decoder;
  for (const std::string& argument : std::vector<std::string>(argv + 1, argv + argc)) {
    if (argument == "--exif") {
      options.orientation = images::ExifOrientation::kHonour;
      continue;
    }
    fmt::print("{}\n", describe(argument, decoder, options));
  }
  return 0;
}

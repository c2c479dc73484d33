/// \file
/// Which image format bytes are of, by their first few.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace assay::media {

enum class ImageFormat : std::uint8_t { kPng, kJpeg, kWebp, kGif, kBmp, kTiff, kAvif, kHeic };

/// `png`, `jpeg`, `webp`, `gif`, `bmp`, `tiff`, `avif` or `heic`.
std::string_view extension_of(ImageFormat format);

/// Look for the magic of a format and the least that must follow it: sizes that are not zero, a
/// header of a known length. Nothing is decoded, so a file that is cut or damaged further on still
/// has its format.
std::optional<ImageFormat> find_image_format(std::span<const std::byte> bytes);

}  // namespace assay::media

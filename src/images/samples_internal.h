/// \file
/// How stored samples become 8-bit RGB, the same in every format.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::images {

/// a * b / 255, rounded, by shifts; exact for bytes.
inline std::uint32_t multiply_shares(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t product = (a * b) + 128;
  return ((product >> 8) + product) >> 8;
}

/// What an ink lets through of a light, both 0 to 255.
inline std::uint8_t light_through(std::uint32_t ink, std::uint32_t light) {
  return static_cast<std::uint8_t>(light - multiply_shares(ink, light));
}

/// 16-bit gray is cut off, not scaled: so does PIL.
inline std::uint8_t cut_off(std::uint32_t sample) {
  return static_cast<std::uint8_t>(std::min(sample, 255U));
}

using RgbSamples = std::array<std::uint8_t, 3>;

inline std::uint8_t* put(std::uint8_t* out, const RgbSamples& color) {
  out[0] = color[0];
  out[1] = color[1];
  out[2] = color[2];
  return out + color.size();
}

inline std::uint8_t* put_gray(std::uint8_t* out, std::uint8_t value) {
  return put(out, {value, value, value});
}

/// Colours behind the end of a palette are black.
using Palette = std::array<RgbSamples, 256>;

}  // namespace assay::images

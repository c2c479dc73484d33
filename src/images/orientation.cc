// The eight orientations are a transposition, then a mirroring of either axis.

#include "core/bytes.h"
#include "images/formats_internal.h"

#include <cstring>
#include <string_view>
#include <utility>

namespace assay::images {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::uint32_t kShortType = 3;

struct Turn {
  bool is_transposed = false;
  bool is_mirrored = false;
  bool is_flipped = false;
};

// What of the stored image each pixel of the upright one takes.
Turn turn_of(Orientation orientation) {
  switch (orientation) {
    case Orientation::kUpright:
      return {};
    case Orientation::kMirrored:
      return {.is_mirrored = true};
    case Orientation::kTurnedByHalf:
      return {.is_mirrored = true, .is_flipped = true};
    case Orientation::kFlipped:
      return {.is_flipped = true};
    case Orientation::kTransposed:
      return {.is_transposed = true};
    case Orientation::kTurnRight:
      return {.is_transposed = true, .is_flipped = true};
    case Orientation::kTransversed:
      return {.is_transposed = true, .is_mirrored = true, .is_flipped = true};
    case Orientation::kTurnLeft:
      return {.is_transposed = true, .is_mirrored = true};
  }
  return {};
}

}  // namespace

Orientation read_orientation(Bytes exif) {
  constexpr std::size_t kHeaderSize = 8;
  constexpr std::size_t kEntrySize = 12;
  if (exif.size() < kHeaderSize) return Orientation::kUpright;
  const bool is_little = as_text(exif).starts_with("II");
  if (!is_little && !as_text(exif).starts_with("MM")) return Orientation::kUpright;
  const auto read16 = is_little ? little16 : big16;
  const auto read32 = is_little ? little32 : big32;
  const std::size_t directory = read32(exif, 4);
  if (directory + 2 > exif.size()) return Orientation::kUpright;
  const std::size_t num_entries = read16(exif, directory);
  for (std::size_t i = 0; i < num_entries; ++i) {
    const std::size_t entry = directory + 2 + (i * kEntrySize);
    if (entry + kEntrySize > exif.size()) break;
    if (read16(exif, entry) != kOrientationTag) continue;
    const std::uint32_t value = read16(exif, entry + 8);
    if (read16(exif, entry + 2) != kShortType || value < 1 || value > 8) break;
    return static_cast<Orientation>(value);
  }
  return Orientation::kUpright;
}

Image make_upright(Image image, Orientation orientation) {
  if (orientation == Orientation::kUpright) return image;
  const Turn turn = turn_of(orientation);
  ImageSize size = image.size();
  if (turn.is_transposed) std::swap(size.width, size.height);
  Image upright = Image::with_size(size);
  for (std::uint32_t y = 0; y < size.height; ++y) {
    std::uint8_t* out = upright.row(y);
    for (std::uint32_t x = 0; x < size.width; ++x) {
      std::uint32_t column = turn.is_transposed ? y : x;
      std::uint32_t row = turn.is_transposed ? x : y;
      if (turn.is_mirrored) column = image.width() - 1 - column;
      if (turn.is_flipped) row = image.height() - 1 - row;
      std::memcpy(out, image.row(row) + (column * kNumChannels), kNumChannels);
      out += kNumChannels;
    }
  }
  return upright;
}

}  // namespace assay::images

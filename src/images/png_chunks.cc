#include "compress/inflate.h"
#include "core/bytes.h"
#include "core/check.h"
#include "images/formats_internal.h"
#include "images/png_chunks_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace assay::images {
namespace {

constexpr std::size_t kSignatureSize = 8;
// Length, type and checksum.
constexpr std::size_t kChunkOverhead = 12;

bool is_allowed(std::uint32_t color, std::uint32_t bit_depth) {
  switch (color) {
    case 0:
      return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8 ||
             bit_depth == 16;
    case 3:
      return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8;
    case 2:
    case 4:
    case 6:
      return bit_depth == 8 || bit_depth == 16;
    default:
      return false;
  }
}

Readable<PngChunks> read_png_header(Bytes content) {
  constexpr std::size_t kHeaderSize = 13;
  if (content.size() != kHeaderSize) {
    return refuse(RefusalKind::kCorrupt, "PNG: a header of a wrong size");
  }
  const std::uint32_t bit_depth = byte_at(content, 8);
  const std::uint32_t color = byte_at(content, 9);
  if (!is_allowed(color, bit_depth) || byte_at(content, 10) != 0 || byte_at(content, 11) != 0 ||
      byte_at(content, 12) > 1) {
    return refuse(RefusalKind::kUnsupported,
                  fmt::format("PNG: colour type {} with {} bits, which the format does not have",
                              color, bit_depth));
  }
  PngChunks chunks;
  chunks.size = {.width = big32(content, 0), .height = big32(content, 4)};
  chunks.bit_depth = bit_depth;
  chunks.color = static_cast<PngColor>(color);
  chunks.is_interlaced = byte_at(content, 12) == 1;
  return chunks;
}

void read_png_palette(Bytes content, PngChunks& chunks) {
  const std::size_t num_colors = std::min(content.size() / 3, chunks.palette.size());
  for (std::size_t i = 0; i < num_colors; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      chunks.palette[i][k] = std::to_integer<std::uint8_t>(content[(i * 3) + k]);
    }
  }
}

PixelMode png_mode(const PngChunks& chunks) {
  switch (chunks.color) {
    case PngColor::kGray:
      if (chunks.bit_depth == 1) return PixelMode::kBilevel;
      return chunks.bit_depth == 16 ? PixelMode::kGray16 : PixelMode::kGray;
    case PngColor::kRgb:
      return PixelMode::kRgb;
    case PngColor::kPalette:
      return PixelMode::kPalette;
    case PngColor::kGrayAlpha:
      return PixelMode::kGrayAlpha;
    case PngColor::kRgba:
      return PixelMode::kRgba;
  }
  CHECK(false, "a colour type of the list");
}

struct PngChunk {
  std::string_view type;
  Bytes content;
  bool is_whole = false;
  /// Over type and content, as PNG counts it.
  bool is_intact() const {
    const Bytes covered(content.data() - 4, content.size() + 4);
    return is_whole &&
           compress::crc32(covered) == big32({content.data(), content.size() + 4}, content.size());
  }
};

/// The chunk at `position`, which moves behind it; what there is of it, where the file ends.
std::optional<PngChunk> next_png_chunk(Bytes encoded, std::size_t& position) {
  const Bytes rest = encoded.subspan(position);
  if (rest.size() < kChunkOverhead - 4) {
    position = encoded.size();
    return std::nullopt;
  }
  const std::size_t size = big32(rest, 0);
  const bool is_whole = rest.size() >= kChunkOverhead && size <= rest.size() - kChunkOverhead;
  const Bytes content = rest.subspan(8, std::min(size, rest.size() - 8));
  position += is_whole ? size + kChunkOverhead : rest.size();
  return PngChunk{.type = as_text(rest).substr(4, 4), .content = content, .is_whole = is_whole};
}

}  // namespace

std::size_t PngChunks::num_channels() const {
  switch (color) {
    case PngColor::kGray:
    case PngColor::kPalette:
      return 1;
    case PngColor::kGrayAlpha:
      return 2;
    case PngColor::kRgb:
      return 3;
    case PngColor::kRgba:
      return 4;
  }
  CHECK(false, "a colour type of the list");
}

Readable<PngChunks> read_png_chunks(Bytes encoded) {
  std::size_t position = kSignatureSize;
  const auto first = next_png_chunk(encoded, position);
  if (!first || !first->is_whole) {
    return refuse(RefusalKind::kTruncated, "PNG: ends within its header");
  }
  if (first->type != "IHDR" || !first->is_intact()) {
    return refuse(RefusalKind::kCorrupt, "PNG: no header, or a damaged one");
  }
  auto chunks = read_png_header(first->content);
  if (!chunks) return chunks;
  chunks->ends_early = true;
  while (position < encoded.size()) {
    const auto chunk = next_png_chunk(encoded, position);
    if (!chunk) break;
    if (chunk->type == "IDAT") {
      chunks->data.push_back(chunk->content);
    } else if (chunk->type == "PLTE") {
      if (!chunk->is_whole) break;  // and so does the file
      if (!chunk->is_intact()) return refuse(RefusalKind::kCorrupt, "PNG: a damaged palette");
      read_png_palette(chunk->content, *chunks);
    } else if (chunk->type == "acTL" && chunk->content.size() >= 4) {
      chunks->is_animated = big32(chunk->content, 0) > 1;
    } else if (chunk->type == "eXIf") {
      chunks->exif = chunk->content;
    } else if (chunk->type == "IEND") {
      chunks->ends_early = false;
      break;
    }
  }
  if (chunks->data.empty()) {
    return refuse(chunks->ends_early ? RefusalKind::kTruncated : RefusalKind::kCorrupt,
                  "PNG: ends before the image data");
  }
  return chunks;
}

Readable<ImageHeader> probe_png(Bytes encoded) {
  const auto chunks = read_png_chunks(encoded);
  if (!chunks) return std::unexpected(chunks.error());
  return ImageHeader{.format = ImageFormat::kPng,
                     .mode = png_mode(*chunks),
                     .size = chunks->size,
                     .orientation = read_orientation(chunks->exif),
                     .is_animated = chunks->is_animated};
}

}  // namespace assay::images

#include "core/bytes.h"
#include "images/formats_internal.h"

#include <fmt/format.h>

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::images {
namespace {

constexpr std::size_t kRiffHeaderSize = 12;
constexpr std::size_t kChunkHeaderSize = 8;

struct RiffChunk {
  std::string_view type;
  Bytes content;
};

/// The chunk at `position`, which moves behind it; nothing where the file ends within it.
std::optional<RiffChunk> next_riff_chunk(Bytes encoded, std::size_t& position) {
  if (position + kChunkHeaderSize > encoded.size()) return std::nullopt;
  const std::size_t size = little32(encoded, position + 4);
  const std::size_t start = position + kChunkHeaderSize;
  if (size > encoded.size() - start) return std::nullopt;
  const RiffChunk chunk{.type = as_text(encoded).substr(position, 4),
                        .content = encoded.subspan(start, size)};
  position = std::min(start + size + (size % 2), encoded.size());
  return chunk;
}

/// The Exif data may come after the image.
Orientation find_orientation(Bytes encoded) {
  std::size_t position = kRiffHeaderSize;
  while (const auto chunk = next_riff_chunk(encoded, position)) {
    if (chunk->type != "EXIF") continue;
    constexpr std::string_view kMark("Exif\0\0", 6);
    const bool is_marked = as_text(chunk->content).starts_with(kMark);
    return read_orientation(chunk->content.subspan(is_marked ? kMark.size() : 0));
  }
  return Orientation::kUpright;
}

Refusal webp_refusal(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return {RefusalKind::kTruncated, "WebP: ends within the image"};
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return {RefusalKind::kUnsupported, "WebP: a feature that libwebp does not read"};
    default:
      return {RefusalKind::kCorrupt,
              fmt::format("WebP: libwebp's status {}", static_cast<int>(status))};
  }
}

/// Decode one frame into `image` with its upper left corner at (left, top).
Readable<void> decode_frame(Bytes encoded, std::uint32_t left, std::uint32_t top, Image& image) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) {
    return refuse(RefusalKind::kUnsupported, "WebP: a libwebp of another version");
  }
  VP8StatusCode status = WebPGetFeatures(as_u8(encoded), encoded.size(), &config.input);
  if (status != VP8_STATUS_OK) return std::unexpected(webp_refusal(status));
  const auto width = static_cast<std::uint32_t>(config.input.width);
  const auto height = static_cast<std::uint32_t>(config.input.height);
  if (width > image.width() || left > image.width() - width || height > image.height() ||
      top > image.height() - height) {
    return refuse(RefusalKind::kCorrupt, "WebP: a frame beyond the image");
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.row(top) + (left * kNumChannels);
  config.output.u.RGBA.stride = static_cast<int>(image.row_size());
  config.output.u.RGBA.size = ((height - 1) * image.row_size()) + (width * kNumChannels);
  status = WebPDecode(as_u8(encoded), encoded.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return std::unexpected(webp_refusal(status));
  return {};
}

struct DeleteDemuxer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

/// The first frame of an animation, black around it.
Readable<void> decode_first_frame(Bytes encoded, Image& image) {
  const WebPData data{.bytes = as_u8(encoded), .size = encoded.size()};
  const std::unique_ptr<WebPDemuxer, DeleteDemuxer> demuxer(WebPDemux(&data));
  WebPIterator frame{};
  if (!demuxer || WebPDemuxGetFrame(demuxer.get(), 1, &frame) == 0) {
    return refuse(RefusalKind::kTruncated, "WebP: ends within its first frame");
  }
  std::ranges::fill(image.pixels(), std::uint8_t{0});
  const Bytes content = std::as_bytes(std::span(frame.fragment.bytes, frame.fragment.size));
  auto decoded = decode_frame(content, static_cast<std::uint32_t>(frame.x_offset),
                              static_cast<std::uint32_t>(frame.y_offset), image);
  WebPDemuxReleaseIterator(&frame);
  return decoded;
}

}  // namespace

Readable<ImageHeader> probe_webp(Bytes encoded) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(as_u8(encoded), encoded.size(), &features);
  if (status != VP8_STATUS_OK) return std::unexpected(webp_refusal(status));
  return ImageHeader{.format = ImageFormat::kWebp,
                     .mode = features.has_alpha != 0 ? PixelMode::kRgba : PixelMode::kRgb,
                     .size = {.width = static_cast<std::uint32_t>(features.width),
                              .height = static_cast<std::uint32_t>(features.height)},
                     .orientation = find_orientation(encoded),
                     .is_animated = features.has_animation != 0};
}

Readable<Image> decode_webp(const DecodeInput& input, Image reuse) {
  Image image = Image::with_size(input.header.size, std::move(reuse));
  auto decoded = input.header.is_animated ? decode_first_frame(input.encoded, image)
                                          : decode_frame(input.encoded, 0, 0, image);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  return image;
}

}  // namespace assay::images

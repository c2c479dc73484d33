#include "core/bytes.h"
#include "images/formats_internal.h"
#include "images/samples_internal.h"

#include <fmt/format.h>

#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace assay::images {
namespace {

constexpr std::size_t kScreenSize = 13;
constexpr std::size_t kDescriptorSize = 10;

std::size_t palette_size(std::uint32_t flags) {
  return (flags & 0x80) != 0 ? std::size_t{3} << ((flags & 7) + 1) : 0;
}

/// The position behind the sub-blocks that begin at `position`; nothing where the file ends.
std::optional<std::size_t> skip_sub_blocks(Bytes encoded, std::size_t position) {
  while (position < encoded.size()) {
    const std::size_t size = byte_at(encoded, position);
    position += size + 1;
    if (size == 0) return position;
  }
  return std::nullopt;
}

struct Frame {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  ImageSize size;
  std::size_t end = 0;
};

/// The next frame's place, past any extensions; nothing at the end of the file or of the frames.
std::optional<Frame> next_frame(Bytes encoded, std::size_t position) {
  while (position < encoded.size()) {
    const std::uint32_t mark = byte_at(encoded, position);
    if (mark == 0x21) {  // an extension
      const auto end = skip_sub_blocks(encoded, position + 2);
      if (!end) return std::nullopt;
      position = *end;
    } else if (mark == 0x2c) {
      if (position + kDescriptorSize > encoded.size()) return std::nullopt;
      Frame frame{.left = little16(encoded, position + 1),
                  .top = little16(encoded, position + 3),
                  .size = {.width = little16(encoded, position + 5),
                           .height = little16(encoded, position + 7)}};
      // One byte of code size stands before the data.
      const std::size_t data =
          position + kDescriptorSize + palette_size(byte_at(encoded, position + 9)) + 1;
      frame.end = skip_sub_blocks(encoded, data).value_or(encoded.size());
      return frame;
    } else if (mark == 0x3b) {  // the trailer
      return std::nullopt;
    } else {
      ++position;  // stray bytes between blocks
    }
  }
  return std::nullopt;
}

int read_gif_input(GifFileType* gif, GifByteType* into, int size) {
  Bytes& rest = *static_cast<Bytes*>(gif->UserData);
  const std::size_t num_bytes = std::min(static_cast<std::size_t>(size), rest.size());
  if (num_bytes > 0) std::memcpy(into, rest.data(), num_bytes);
  rest = rest.subspan(num_bytes);
  return static_cast<int>(num_bytes);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

Refusal gif_refusal(int error) {
  const bool is_truncated = error == D_GIF_ERR_EOF_TOO_SOON || error == D_GIF_ERR_READ_FAILED;
  const char* text = GifErrorString(error);
  return {is_truncated ? RefusalKind::kTruncated : RefusalKind::kCorrupt,
          fmt::format("GIF: {}", text != nullptr ? text : "damaged")};
}

/// Go to the first frame. The colour that shows where no frame is: index 0, or that which an
/// extension declares to be transparent.
Readable<std::uint8_t> find_first_frame(GifFileType& gif) {
  std::uint8_t blank = 0;
  while (true) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(&gif, &record) != GIF_OK) return std::unexpected(gif_refusal(gif.Error));
    if (record == TERMINATE_RECORD_TYPE) {
      return refuse(RefusalKind::kCorrupt, "GIF: ends without an image");
    }
    if (record == IMAGE_DESC_RECORD_TYPE) return blank;
    if (record != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* content = nullptr;
    if (DGifGetExtension(&gif, &code, &content) != GIF_OK) {
      return std::unexpected(gif_refusal(gif.Error));
    }
    while (content != nullptr) {
      if (code == GRAPHICS_EXT_FUNC_CODE && content[0] >= 4 && (content[1] & 1) != 0) {
        blank = content[4];
      }
      if (DGifGetExtensionNext(&gif, &content) != GIF_OK) {
        return std::unexpected(gif_refusal(gif.Error));
      }
    }
  }
}

/// Without any palette an index is a gray value.
Palette palette_of(const GifFileType& gif) {
  Palette palette{};
  const ColorMapObject* map = gif.Image.ColorMap != nullptr ? gif.Image.ColorMap : gif.SColorMap;
  for (std::size_t i = 0; i < palette.size(); ++i) {
    if (map == nullptr) {
      palette[i].fill(static_cast<std::uint8_t>(i));
    } else if (std::cmp_less(i, map->ColorCount)) {
      palette[i] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
    }
  }
  return palette;
}

Readable<void> read_gif_frame(GifFileType& gif, std::uint8_t blank, std::vector<std::uint8_t>& line,
                              Image& image) {
  // Every eighth row, those between, and so on; or one pass over all.
  struct Pass {
    std::uint32_t start = 0;
    std::uint32_t step = 1;
  };
  constexpr std::array<Pass, 4> kInterlaced{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  constexpr std::array<Pass, 1> kPlain{{{0, 1}}};
  const Palette palette = palette_of(gif);
  std::uint8_t* all = image.pixels().data();
  for (std::size_t i = 0; i < image.size().num_pixels(); ++i) all = put(all, palette[blank]);
  const auto left = static_cast<std::uint32_t>(gif.Image.Left);
  const auto top = static_cast<std::uint32_t>(gif.Image.Top);
  const auto width = static_cast<std::uint32_t>(gif.Image.Width);
  const auto height = static_cast<std::uint32_t>(gif.Image.Height);
  if (width == 0 || left + width > image.width() || top + height > image.height()) {
    return refuse(RefusalKind::kCorrupt, "GIF: a frame beyond the image");
  }
  line.resize(std::max<std::size_t>(line.size(), width));
  const std::span<const Pass> passes =
      gif.Image.Interlace ? std::span<const Pass>(kInterlaced) : std::span<const Pass>(kPlain);
  for (const Pass& pass : passes) {
    for (std::uint32_t y = pass.start; y < height; y += pass.step) {
      if (DGifGetLine(&gif, line.data(), static_cast<int>(width)) != GIF_OK) {
        return std::unexpected(gif_refusal(gif.Error));
      }
      std::uint8_t* out = image.row(top + y) + (left * kNumChannels);
      for (std::uint32_t x = 0; x < width; ++x) out = put(out, palette[line[x]]);
    }
  }
  return {};
}

}  // namespace

Readable<ImageHeader> probe_gif(Bytes encoded) {
  if (encoded.size() < kScreenSize) {
    return refuse(RefusalKind::kTruncated, "GIF: ends within its header");
  }
  const auto first = next_frame(encoded, kScreenSize + palette_size(byte_at(encoded, 10)));
  if (!first) return refuse(RefusalKind::kTruncated, "GIF: ends before its first frame");
  ImageHeader header;
  header.format = ImageFormat::kGif;
  header.mode = PixelMode::kPalette;
  // A first frame beyond the screen widens it.
  header.size = {.width = std::max(little16(encoded, 6), first->left + first->size.width),
                 .height = std::max(little16(encoded, 8), first->top + first->size.height)};
  header.is_animated = next_frame(encoded, first->end).has_value();
  return header;
}

Readable<Image> decode_gif(const DecodeInput& input, Image reuse) {
  Bytes rest = input.encoded;
  int error = 0;
  const std::unique_ptr<GifFileType, CloseGif> gif(DGifOpen(&rest, read_gif_input, &error));
  if (!gif) return std::unexpected(gif_refusal(error));
  const auto blank = find_first_frame(*gif);
  if (!blank) return std::unexpected(blank.error());
  if (DGifGetImageDesc(gif.get()) != GIF_OK) return std::unexpected(gif_refusal(gif->Error));
  Image image = Image::with_size(input.header.size, std::move(reuse));
  if (auto read = read_gif_frame(*gif, *blank, input.scratch, image); !read) {
    return std::unexpected(std::move(read.error()));
  }
  return image;
}

}  // namespace assay::images

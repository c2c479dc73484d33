#include "images/formats_internal.h"
#include "images/samples_internal.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>
#include <utility>

namespace assay::images {
namespace {

constexpr std::size_t kFileHeaderSize = 14;
constexpr std::uint32_t kOldHeaderSize = 12;

enum class Compression : std::uint32_t { kNone = 0, kRuns8 = 1, kRuns4 = 2, kBitFields = 3 };

struct BmpHeader {
  ImageSize size;
  std::uint32_t num_bits = 0;
  Compression compression = Compression::kNone;
  bool is_top_down = false;
  bool has_alpha = false;
  /// Where red, green and blue are in a pixel of 16 or 32 bits.
  std::array<std::uint32_t, 3> masks{};
  Palette palette{};
  std::size_t data = 0;
};

/// Whether the bits of a mask are beside each other, and no more than a byte.
bool is_readable(std::uint32_t mask) {
  if (mask == 0) return false;
  const std::uint32_t shifted = mask >> std::countr_zero(mask);
  return std::has_single_bit(shifted + 1) && shifted <= 0xff;
}

Readable<void> read_masks(Bytes encoded, std::uint32_t header_size, BmpHeader& header) {
  if (header.compression != Compression::kBitFields) {
    header.masks = header.num_bits == 16 ? std::array{0x7c00U, 0x3e0U, 0x1fU}
                                         : std::array{0xff0000U, 0xff00U, 0xffU};
    return {};
  }
  // They stand behind the common part of the header: within a longer one, or after it.
  constexpr std::size_t kMasks = kFileHeaderSize + 40;
  const bool can_have_alpha = header_size >= 56;
  if (encoded.size() < kMasks + (can_have_alpha ? 16 : 12)) {
    return refuse(RefusalKind::kTruncated, "BMP: ends within its header");
  }
  for (std::size_t i = 0; i < 3; ++i) header.masks[i] = little32(encoded, kMasks + (i * 4));
  const std::uint32_t alpha = can_have_alpha ? little32(encoded, kMasks + 12) : 0;
  header.has_alpha = alpha != 0;
  if ((header.masks[0] | header.masks[1] | header.masks[2] | alpha) == 0) {
    header.masks = {0xff0000U, 0xff00U, 0xffU};
    header.has_alpha = header.num_bits == 32;
  }
  for (const std::uint32_t mask : header.masks) {
    if (!is_readable(mask)) {
      return refuse(RefusalKind::kUnsupported,
                    fmt::format("BMP: a mask of {:#x} for a channel", mask));
    }
  }
  return {};
}

void read_bmp_palette(Bytes encoded, std::size_t position, std::uint64_t num_colors,
                      std::size_t color_size, BmpHeader& header) {
  for (std::size_t i = 0; i < std::min<std::uint64_t>(num_colors, header.palette.size()); ++i) {
    const std::size_t at = position + (i * color_size);
    if (at + 3 > encoded.size()) return;  // the pixels are missing too, and that will be told
    for (std::size_t k = 0; k < 3; ++k) {
      header.palette[i][k] = static_cast<std::uint8_t>(byte_at(encoded, at + 2 - k));
    }
  }
}

/// What a compression and a number of bits have to do with each other.
bool has_known_depth(const BmpHeader& header) {
  switch (header.compression) {
    case Compression::kNone:
      return header.num_bits == 1 || header.num_bits == 4 || header.num_bits == 8 ||
             header.num_bits == 16 || header.num_bits == 24 || header.num_bits == 32;
    case Compression::kRuns8:
      return header.num_bits == 8;
    case Compression::kRuns4:
      return header.num_bits == 4;
    case Compression::kBitFields:
      return header.num_bits == 16 || header.num_bits == 24 || header.num_bits == 32;
  }
  return false;
}

Readable<BmpHeader> read_bmp_header(Bytes encoded) {
  if (encoded.size() < kFileHeaderSize + kOldHeaderSize) {
    return refuse(RefusalKind::kTruncated, "BMP: ends within its header");
  }
  const std::uint32_t header_size = little32(encoded, kFileHeaderSize);
  const bool is_old = header_size == kOldHeaderSize;
  if (!is_old && (header_size < 40 || header_size > 124)) {
    return refuse(RefusalKind::kUnsupported, fmt::format("BMP: a header of {} bytes", header_size));
  }
  if (encoded.size() < kFileHeaderSize + header_size) {
    return refuse(RefusalKind::kTruncated, "BMP: ends within its header");
  }
  BmpHeader header;
  header.data = little32(encoded, 10);
  std::uint64_t num_colors = 0;
  if (is_old) {
    header.size = {.width = little16(encoded, 18), .height = little16(encoded, 20)};
    header.num_bits = little16(encoded, 24);
  } else {
    header.size = {.width = little32(encoded, 18), .height = little32(encoded, 22)};
    header.is_top_down = (header.size.height >> 31) != 0;
    if (header.is_top_down) header.size.height = 0U - header.size.height;
    header.num_bits = little16(encoded, 28);
    header.compression = static_cast<Compression>(little32(encoded, 30));
    num_colors = little32(encoded, 46);
  }
  if (!has_known_depth(header)) {
    return refuse(RefusalKind::kUnsupported,
                  fmt::format("BMP: {} bits a pixel with compression {}", header.num_bits,
                              static_cast<std::uint32_t>(header.compression)));
  }
  if (auto masks = read_masks(encoded, header_size, header); !masks) {
    return std::unexpected(std::move(masks.error()));
  }
  if (header.num_bits <= 8) {
    if (num_colors == 0) num_colors = 1U << header.num_bits;
    const std::size_t palette = kFileHeaderSize + header_size;
    read_bmp_palette(encoded, palette, num_colors, is_old ? 3 : 4, header);
    // Some writers let the data begin where the palette does.
    if (header.data == palette) header.data += num_colors * 4;
  }
  return header;
}

std::uint8_t channel_of(std::uint32_t pixel, std::uint32_t mask) {
  const int shift = std::countr_zero(mask);
  return static_cast<std::uint8_t>(((pixel & mask) >> shift) * 255 / (mask >> shift));
}

void put_row(const BmpHeader& header, Bytes stored, std::uint8_t* out) {
  for (std::size_t x = 0; x < header.size.width; ++x) {
    switch (header.num_bits) {
      case 24:
        out = put(out,
                  {as_u8(stored)[(x * 3) + 2], as_u8(stored)[(x * 3) + 1], as_u8(stored)[x * 3]});
        break;
      case 16:
      case 32: {
        const std::uint32_t pixel =
            header.num_bits == 16 ? little16(stored, x * 2) : little32(stored, x * 4);
        out = put(out, {channel_of(pixel, header.masks[0]), channel_of(pixel, header.masks[1]),
                        channel_of(pixel, header.masks[2])});
        break;
      }
      default: {
        const std::size_t bit = x * header.num_bits;
        const std::size_t shift = 8 - header.num_bits - (bit % 8);
        const std::uint32_t index =
            (byte_at(stored, bit / 8) >> shift) & ((1U << header.num_bits) - 1);
        out = put(out, header.palette[index]);
      }
    }
  }
}

Readable<Image> decode_rows(const BmpHeader& header, Bytes data, Image reuse) {
  const std::uint64_t row_bits = std::uint64_t{header.size.width} * header.num_bits;
  const std::size_t stride = (row_bits + 31) / 32 * 4;
  const std::size_t needed = (row_bits + 7) / 8;
  // The padding of the last row may be missing.
  if ((stride * (header.size.height - 1)) + needed > data.size()) {
    return refuse(RefusalKind::kTruncated, fmt::format("BMP: ends in row {} of {}",
                                                       data.size() / stride, header.size.height));
  }
  Image image = Image::with_size(header.size, std::move(reuse));
  for (std::uint32_t i = 0; i < header.size.height; ++i) {
    const std::uint32_t y = header.is_top_down ? i : header.size.height - 1 - i;
    put_row(header, data.subspan(i * stride, needed), image.row(y));
  }
  return image;
}

/// Unpacks runs into `indices`, rows as they are stored. What no run reaches stays 0.
class RunReader {
 public:
  RunReader(const BmpHeader& header, Bytes data, std::span<std::uint8_t> indices)
      : header_(header), data_(data), indices_(indices) {}

  /// Whether the data went on to its end mark, or to the last pixel.
  bool read() {
    while (at_ < indices_.size()) {
      if (position_ + 2 > data_.size()) return false;
      const std::uint32_t count = byte_at(data_, position_);
      const std::uint32_t value = byte_at(data_, position_ + 1);
      position_ += 2;
      if (count > 0) {
        put_run(count, value);
      } else if (value == 0) {
        at_ = (at_ + header_.size.width - 1) / header_.size.width * header_.size.width;
      } else if (value == 1) {
        return true;
      } else if (value == 2) {
        if (position_ + 2 > data_.size()) return false;
        at_ += byte_at(data_, position_) +
               (std::size_t{byte_at(data_, position_ + 1)} * header_.size.width);
        position_ += 2;
      } else if (!put_literals(value)) {
        return false;
      }
    }
    return true;
  }

 private:
  bool is_nibbles() const { return header_.num_bits == 4; }

  void put_index(std::uint32_t index) {
    if (at_ < indices_.size()) indices_[at_++] = static_cast<std::uint8_t>(index);
  }

  // Half a byte each, the upper one first.
  static std::uint32_t nibble(std::uint32_t pair, std::uint32_t i) {
    return i % 2 == 0 ? pair >> 4 : pair & 15;
  }

  void put_run(std::uint32_t count, std::uint32_t value) {
    const auto left_in_row = header_.size.width - (at_ % header_.size.width);
    for (std::uint32_t i = 0; i < std::min<std::uint64_t>(count, left_in_row); ++i) {
      put_index(is_nibbles() ? nibble(value, i) : value);
    }
  }

  bool put_literals(std::uint32_t count) {
    const std::size_t num_bytes = is_nibbles() ? (count + 1) / 2 : count;
    if (position_ + num_bytes > data_.size()) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t value = byte_at(data_, position_ + (is_nibbles() ? i / 2 : i));
      put_index(is_nibbles() ? nibble(value, i) : value);
    }
    position_ += num_bytes + (num_bytes % 2);
    return true;
  }

  const BmpHeader& header_;
  Bytes data_;
  std::span<std::uint8_t> indices_;
  std::size_t position_ = 0;
  std::size_t at_ = 0;
};

Readable<Image> decode_runs(const BmpHeader& header, Bytes data, std::vector<std::uint8_t>& scratch,
                            Image reuse) {
  scratch.assign(header.size.num_pixels(), 0);
  if (!RunReader(header, data, scratch).read()) {
    return refuse(RefusalKind::kTruncated, "BMP: ends within its runs");
  }
  Image image = Image::with_size(header.size, std::move(reuse));
  for (std::uint32_t i = 0; i < header.size.height; ++i) {
    std::uint8_t* out = image.row(header.is_top_down ? i : header.size.height - 1 - i);
    const std::uint8_t* indices = &scratch[std::size_t{i} * header.size.width];
    for (std::uint32_t x = 0; x < header.size.width; ++x)
      out = put(out, header.palette[indices[x]]);
  }
  return image;
}

}  // namespace

Readable<ImageHeader> probe_bmp(Bytes encoded) {
  const auto header = read_bmp_header(encoded);
  if (!header) return std::unexpected(header.error());
  PixelMode mode = header->has_alpha ? PixelMode::kRgba : PixelMode::kRgb;
  if (header->num_bits <= 8) mode = PixelMode::kPalette;
  return ImageHeader{.format = ImageFormat::kBmp, .mode = mode, .size = header->size};
}

Readable<Image> decode_bmp(const DecodeInput& input, Image reuse) {
  auto header = read_bmp_header(input.encoded);
  if (!header) return std::unexpected(std::move(header.error()));
  if (header->data > input.encoded.size()) {
    return refuse(RefusalKind::kTruncated, "BMP: ends before its pixels");
  }
  const Bytes data = input.encoded.subspan(header->data);
  const bool has_runs =
      header->compression == Compression::kRuns8 || header->compression == Compression::kRuns4;
  if (has_runs) return decode_runs(*header, data, input.scratch, std::move(reuse));
  return decode_rows(*header, data, std::move(reuse));
}

}  // namespace assay::images

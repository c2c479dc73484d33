#include "images/formats_internal.h"
#include "images/samples_internal.h"
#include "images/tiff_input_internal.h"

#include <fmt/format.h>

#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace assay::images {
namespace {

// What a tile may be larger than the image: small images in large tiles are common.
constexpr std::uint64_t kMaxTilePadding = std::uint64_t{16} << 20;

/// What the tags of the first image say.
struct Layout {
  ImageSize size;
  std::uint16_t num_bits = 1;
  std::uint16_t num_samples = 1;
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  std::uint16_t planes = PLANARCONFIG_CONTIG;
  std::uint16_t orientation = ORIENTATION_TOPLEFT;
  bool has_multiplied_alpha = false;
  bool has_alpha = false;
  Palette palette{};
};

std::size_t num_colors(const Layout& layout) {
  switch (layout.photometric) {
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_YCBCR:
      return 3;
    case PHOTOMETRIC_SEPARATED:
      return 4;
    default:
      return 1;
  }
}

bool is_known_layout(const Layout& layout) {
  const bool is_whole_bytes = layout.num_bits == 8 || layout.num_bits == 16;
  const bool is_few_bits = layout.num_bits == 1 || layout.num_bits == 2 || layout.num_bits == 4;
  switch (layout.photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      return is_whole_bytes || (is_few_bits && layout.num_samples == 1);
    case PHOTOMETRIC_PALETTE:
      return (layout.num_bits == 8 || is_few_bits) && layout.num_samples == 1;
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_SEPARATED:
      return is_whole_bytes;
    case PHOTOMETRIC_YCBCR:  // the JPEG library converts it
      return layout.num_bits == 8 && layout.num_samples == 3;
    default:
      return false;
  }
}

Readable<Layout> read_layout(TIFF* tiff, const TiffInput& input) {
  // The library goes on without a tag whose values are missing, and takes others for granted.
  if (input.is_read_beyond_end) return std::unexpected(refusal_of(input));
  Layout layout;
  std::uint16_t sample_format = SAMPLEFORMAT_UINT;
  std::uint16_t compression = COMPRESSION_NONE;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.size.width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.size.height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.num_bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.num_samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout.planes);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &sample_format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric) == 0) {
    return refuse(RefusalKind::kUnsupported, "TIFF: does not say what its samples are");
  }
  const bool is_jpeg = compression == COMPRESSION_JPEG;
  if (!is_known_layout(layout) || sample_format != SAMPLEFORMAT_UINT ||
      layout.num_samples < num_colors(layout) || layout.num_samples > 8 ||
      (layout.photometric == PHOTOMETRIC_YCBCR &&
       (!is_jpeg || layout.planes != PLANARCONFIG_CONTIG))) {
    return refuse(RefusalKind::kUnsupported,
                  fmt::format("TIFF: {} samples of {} bits (sample format {}, photometric {}, "
                              "compression {})",
                              layout.num_samples, layout.num_bits, sample_format,
                              layout.photometric, compression));
  }
  if (layout.photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  std::uint16_t num_extra = 0;
  std::uint16_t* extra = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &num_extra, &extra);
  if (num_extra > 0 && extra != nullptr) {
    layout.has_multiplied_alpha =
        extra[0] == EXTRASAMPLE_ASSOCALPHA && layout.photometric == PHOTOMETRIC_RGB;
    layout.has_alpha = extra[0] != EXTRASAMPLE_UNSPECIFIED;
  }
  std::uint16_t* red = nullptr;
  std::uint16_t* green = nullptr;
  std::uint16_t* blue = nullptr;
  if (layout.photometric == PHOTOMETRIC_PALETTE) {
    if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) == 0) {
      return refuse(RefusalKind::kCorrupt, "TIFF: a palette image without a palette");
    }
    for (std::size_t i = 0; i < (std::size_t{1} << layout.num_bits); ++i) {
      layout.palette[i] = {static_cast<std::uint8_t>(red[i] >> 8),
                           static_cast<std::uint8_t>(green[i] >> 8),
                           static_cast<std::uint8_t>(blue[i] >> 8)};
    }
  }
  return layout;
}

PixelMode tiff_mode(const Layout& layout) {
  switch (layout.photometric) {
    case PHOTOMETRIC_PALETTE:
      return PixelMode::kPalette;
    case PHOTOMETRIC_SEPARATED:
      return PixelMode::kCmyk;
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_YCBCR:
      return layout.has_alpha ? PixelMode::kRgba : PixelMode::kRgb;
    default:
      if (layout.num_bits == 1) return PixelMode::kBilevel;
      if (layout.num_samples > 1) return PixelMode::kGrayAlpha;
      return layout.num_bits == 16 ? PixelMode::kGray16 : PixelMode::kGray;
  }
}

/// Samples of some rows: one pointer if they are interleaved, one for each sample otherwise.
struct Block {
  const std::uint8_t* samples = nullptr;
  std::size_t row_size = 0;
  /// From one plane to the next; 0 if samples are interleaved.
  std::size_t plane_size = 0;
};

class BlockReader {
 public:
  BlockReader(const Layout& layout, const Block& block) : layout_(layout), block_(block) {}

  std::uint32_t sample(std::uint32_t x, std::uint32_t y, std::size_t k) const {
    const bool is_planar = block_.plane_size != 0;
    const std::uint8_t* row =
        block_.samples + (y * block_.row_size) + (is_planar ? k * block_.plane_size : 0);
    const std::size_t i = is_planar ? x : (std::size_t{x} * layout_.num_samples) + k;
    if (layout_.num_bits == 8) return row[i];
    if (layout_.num_bits == 16) {  // in the order of the machine
      std::uint16_t value = 0;
      std::memcpy(&value, row + (i * 2), sizeof value);
      return value;
    }
    const std::size_t bit = i * layout_.num_bits;
    const std::size_t shift = 8 - layout_.num_bits - (bit % 8);
    return (static_cast<std::uint32_t>(row[bit / 8]) >> shift) & ((1U << layout_.num_bits) - 1);
  }

  RgbSamples color(std::uint32_t x, std::uint32_t y) const {
    switch (layout_.photometric) {
      case PHOTOMETRIC_PALETTE:
        return layout_.palette[sample(x, y, 0)];
      case PHOTOMETRIC_SEPARATED: {
        const std::uint32_t light = 255U - byte(x, y, 3);
        return {light_through(byte(x, y, 0), light), light_through(byte(x, y, 1), light),
                light_through(byte(x, y, 2), light)};
      }
      case PHOTOMETRIC_RGB:
      case PHOTOMETRIC_YCBCR:
        if (layout_.has_multiplied_alpha) return divided_by_alpha(x, y);
        return {byte(x, y, 0), byte(x, y, 1), byte(x, y, 2)};
      default: {
        const std::uint8_t value = gray(x, y);
        return {value, value, value};
      }
    }
  }

 private:
  std::uint8_t byte(std::uint32_t x, std::uint32_t y, std::size_t k) const {
    const std::uint32_t value = sample(x, y, k);
    return static_cast<std::uint8_t>(layout_.num_bits == 16 ? value >> 8 : value);
  }

  std::uint8_t gray(std::uint32_t x, std::uint32_t y) const {
    const std::uint32_t value = sample(x, y, 0);
    if (layout_.num_bits == 16) {
      return layout_.num_samples > 1 ? static_cast<std::uint8_t>(value >> 8) : cut_off(value);
    }
    const std::uint32_t max = (1U << layout_.num_bits) - 1;
    const auto scaled = static_cast<std::uint8_t>(value * 255 / max);
    return layout_.photometric == PHOTOMETRIC_MINISWHITE ? static_cast<std::uint8_t>(255 - scaled)
                                                         : scaled;
  }

  RgbSamples divided_by_alpha(std::uint32_t x, std::uint32_t y) const {
    const std::uint32_t alpha = byte(x, y, 3);
    RgbSamples color{byte(x, y, 0), byte(x, y, 1), byte(x, y, 2)};
    if (alpha == 0 || alpha == 255) return color;
    for (std::uint8_t& value : color) value = cut_off(value * 255U / alpha);
    return color;
  }

  const Layout& layout_;
  const Block& block_;
};

/// Copy a block to its place; what of it lies beyond the image is padding.
void put_block(const Layout& layout, const Block& block, std::uint32_t left, std::uint32_t top,
               ImageSize size, Image& image) {
  const BlockReader reader(layout, block);
  for (std::uint32_t y = 0; y < std::min(size.height, image.height() - top); ++y) {
    std::uint8_t* out = image.row(top + y) + (left * kNumChannels);
    for (std::uint32_t x = 0; x < std::min(size.width, image.width() - left); ++x) {
      out = put(out, reader.color(x, y));
    }
  }
}

/// How the image is cut: into strips or tiles.
struct Cut {
  ImageSize size;
  std::size_t row_size = 0;
  std::size_t num_bytes = 0;
};

Readable<Cut> read_cut(TIFF* tiff, const Layout& layout) {
  Cut cut;
  std::uint64_t row_size = 0;
  std::uint64_t num_bytes = 0;
  if (TIFFIsTiled(tiff) != 0) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &cut.size.width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &cut.size.height);
    row_size = TIFFTileRowSize64(tiff);
    num_bytes = TIFFTileSize64(tiff);
  } else {
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &cut.size.height);
    cut.size = {.width = layout.size.width,
                .height = std::min(cut.size.height, layout.size.height)};
    row_size = TIFFScanlineSize64(tiff);
    num_bytes = TIFFVStripSize64(tiff, cut.size.height);
  }
  const std::uint64_t samples_in_row =
      layout.planes == PLANARCONFIG_CONTIG ? layout.num_samples : 1;
  const std::uint64_t least_row_size =
      ((cut.size.width * samples_in_row * layout.num_bits) + 7) / 8;
  if (cut.size.num_pixels() == 0 || row_size < least_row_size ||
      num_bytes / cut.size.height < row_size ||
      num_bytes > (2 * layout.size.num_pixels() * samples_in_row * 2) + kMaxTilePadding) {
    return refuse(RefusalKind::kUnsupported,
                  fmt::format("TIFF: strips or tiles of {} x {} pixels in {} bytes", cut.size.width,
                              cut.size.height, num_bytes));
  }
  cut.row_size = row_size;
  cut.num_bytes = num_bytes;
  return cut;
}

/// Whether the piece was read: the one at (`left`, `top`) of plane `plane`.
bool read_piece(TIFF* tiff, const Cut& cut, std::uint32_t left, std::uint32_t top,
                std::uint16_t plane, std::uint32_t height, std::uint8_t* into) {
  if (TIFFIsTiled(tiff) != 0) {
    const std::uint32_t tile = TIFFComputeTile(tiff, left, top, 0, plane);
    return TIFFReadEncodedTile(tiff, tile, into, static_cast<tmsize_t>(cut.num_bytes)) >= 0;
  }
  const std::uint32_t strip = TIFFComputeStrip(tiff, top, plane);
  const std::size_t num_bytes = cut.row_size * std::min(cut.size.height, height - top);
  const tmsize_t num_read =
      TIFFReadEncodedStrip(tiff, strip, into, static_cast<tmsize_t>(num_bytes));
  return std::cmp_greater_equal(num_read, num_bytes);
}

Orientation to_orientation(std::uint16_t tag) {
  return tag >= 1 && tag <= 8 ? static_cast<Orientation>(tag) : Orientation::kUpright;
}

}  // namespace

Readable<ImageHeader> probe_tiff(Bytes encoded) {
  TiffInput input{.encoded = encoded};
  const auto tiff = open_tiff(input);
  if (!tiff) return std::unexpected(tiff.error());
  const auto layout = read_layout(tiff->get(), input);
  if (!layout) return std::unexpected(layout.error());
  return ImageHeader{.format = ImageFormat::kTiff,
                     .mode = tiff_mode(*layout),
                     .size = layout->size,
                     .orientation = to_orientation(layout->orientation),
                     .is_animated = TIFFNumberOfDirectories(tiff->get()) > 1};
}

Readable<Image> decode_tiff(const DecodeInput& input, Image reuse) {
  TiffInput source{.encoded = input.encoded};
  const auto tiff = open_tiff(source);
  if (!tiff) return std::unexpected(tiff.error());
  const auto layout = read_layout(tiff->get(), source);
  if (!layout) return std::unexpected(layout.error());
  const auto cut = read_cut(tiff->get(), *layout);
  if (!cut) return std::unexpected(cut.error());
  const std::uint16_t num_planes =
      layout->planes == PLANARCONFIG_SEPARATE ? layout->num_samples : std::uint16_t{1};
  Image image = Image::with_size(layout->size, std::move(reuse));
  input.scratch.resize(std::max(input.scratch.size(), cut->num_bytes * num_planes));
  const Block block{.samples = input.scratch.data(),
                    .row_size = cut->row_size,
                    .plane_size = num_planes > 1 ? cut->num_bytes : 0};
  for (std::uint32_t top = 0; top < layout->size.height; top += cut->size.height) {
    for (std::uint32_t left = 0; left < layout->size.width; left += cut->size.width) {
      for (std::uint16_t plane = 0; plane < num_planes; ++plane) {
        std::uint8_t* into = input.scratch.data() + (plane * cut->num_bytes);
        if (!read_piece(tiff->get(), *cut, left, top, plane, layout->size.height, into)) {
          return std::unexpected(refusal_of(source));
        }
      }
      put_block(*layout, block, left, top, cut->size, image);
    }
  }
  return image;
}

}  // namespace assay::images

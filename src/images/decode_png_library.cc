#include "images/formats_internal.h"
#include "images/longjmp_internal.h"
#include "images/png_chunks_internal.h"
#include "images/samples_internal.h"

#include <fmt/format.h>

#include <png.h>

#include <csetjmp>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace assay::images {
namespace {

/// The library's state. It is left by longjmp(): nothing that the library's calls are made from has
/// a destructor.
struct Reading {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes rest;
  bool is_truncated = false;
  std::string message;

  Reading() = default;
  ~Reading() { png_destroy_read_struct(&png, &info, nullptr); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
};

[[noreturn]] void on_png_read_error(png_structp png, png_const_charp message) {
  static_cast<Reading*>(png_get_error_ptr(png))->message = to_one_line(message);
  png_longjmp(png, 1);
}

void ignore_png_read_warning(png_structp /*png*/, png_const_charp /*message*/) {}

void read_png_input(png_structp png, png_bytep into, std::size_t size) {
  auto& reading = *static_cast<Reading*>(png_get_io_ptr(png));
  if (size > reading.rest.size()) {
    reading.is_truncated = true;
    png_error(png, "ends early");
  }
  std::memcpy(into, reading.rest.data(), size);
  reading.rest = reading.rest.subspan(size);
}

/// Rows come as whole bytes a sample; 16 bits stay two.
Step read_png_rows(Reading& reading, std::vector<png_bytep>& rows, PngColor color) {
  if (setjmp(png_jmpbuf(reading.png)) != 0) return Step::kFailed;
  png_set_read_fn(reading.png, &reading, read_png_input);
  // Of the image data its own checksum counts, which is zlib's.
  png_set_crc_action(reading.png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  png_set_user_limits(reading.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(reading.png, reading.info);
  if (color == PngColor::kGray) png_set_expand_gray_1_2_4_to_8(reading.png);
  if (color == PngColor::kPalette) png_set_packing(reading.png);
  png_set_interlace_handling(reading.png);
  png_read_update_info(reading.png, reading.info);
  png_read_image(reading.png, rows.data());
  return Step::kDone;
}

void samples_to_rgb(const std::uint8_t* in, const PngChunks& chunks, std::uint8_t* out) {
  const std::size_t sample_size = chunks.bit_depth == 16 ? 2 : 1;
  const std::size_t pixel_size = chunks.num_channels() * sample_size;
  for (std::size_t i = 0; i < chunks.size.num_pixels(); ++i, in += pixel_size) {
    switch (chunks.color) {
      case PngColor::kGray:
        out = put_gray(out, sample_size == 2 ? cut_off((in[0] * 256U) + in[1]) : in[0]);
        break;
      case PngColor::kGrayAlpha:
        out = put_gray(out, in[0]);
        break;
      case PngColor::kPalette:
        out = put(out, chunks.palette[in[0]]);
        break;
      case PngColor::kRgb:
      case PngColor::kRgba:
        out = put(out, {in[0], in[sample_size], in[2 * sample_size]});
        break;
    }
  }
}

}  // namespace

Readable<Image> decode_png_by_library(Bytes encoded, const PngChunks& chunks, Image reuse) {
  Reading reading;
  reading.rest = encoded;
  reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, on_png_read_error,
                                       ignore_png_read_warning);
  if (reading.png != nullptr) reading.info = png_create_info_struct(reading.png);
  if (reading.info == nullptr) return refuse(RefusalKind::kCorrupt, "PNG: no memory to read it");
  const std::size_t row_size =
      chunks.size.width * chunks.num_channels() * (chunks.bit_depth == 16 ? 2 : 1);
  std::vector<std::uint8_t> samples(row_size * chunks.size.height);
  std::vector<png_bytep> rows(chunks.size.height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = &samples[y * row_size];
  if (read_png_rows(reading, rows, chunks.color) == Step::kFailed) {
    const bool is_truncated = reading.is_truncated || chunks.ends_early;
    return refuse(is_truncated ? RefusalKind::kTruncated : RefusalKind::kCorrupt,
                  fmt::format("PNG: {}", reading.message));
  }
  Image image = Image::with_size(chunks.size, std::move(reuse));
  samples_to_rgb(samples.data(), chunks, image.pixels().data());
  return image;
}

}  // namespace assay::images

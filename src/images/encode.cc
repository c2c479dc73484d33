#include "images/encode.h"

#include "core/check.h"
#include "images/longjmp_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

// After <cstdio>, which the first needs.
#include <jpeglib.h>
#include <png.h>

namespace assay::images {
namespace {

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
};

[[noreturn]] void on_jpeg_error(j_common_ptr info) {
  std::longjmp(reinterpret_cast<JpegErrors*>(info->err)->jump, 1);
}

void ignore_jpeg_message(j_common_ptr /*info*/, int /*level*/) {}

/// The library's state. It is left by longjmp(): its calls are made from functions without
/// destructors.
struct JpegCompression {
  jpeg_compress_struct info{};
  JpegErrors errors{};
  unsigned char* output = nullptr;
  unsigned long output_size = 0;

  JpegCompression() {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = on_jpeg_error;
    errors.base.emit_message = ignore_jpeg_message;
  }
  ~JpegCompression() {
    jpeg_destroy_compress(&info);
    // From the library's malloc().
    std::free(output);  // NOLINT(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
  }
  JpegCompression(const JpegCompression&) = delete;
  JpegCompression& operator=(const JpegCompression&) = delete;
};

Step compress(JpegCompression& state, const Image& image, const JpegOptions& options) {
  if (setjmp(state.errors.jump) != 0) return Step::kFailed;
  jpeg_create_compress(&state.info);
  jpeg_mem_dest(&state.info, &state.output, &state.output_size);
  state.info.image_width = image.width();
  state.info.image_height = image.height();
  state.info.input_components = static_cast<int>(kNumChannels);
  state.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&state.info);
  jpeg_set_quality(&state.info, options.quality, TRUE);
  state.info.optimize_coding = TRUE;
  const int factor = options.chroma == ChromaSampling::kQuarter ? 2 : 1;
  state.info.comp_info[0].h_samp_factor = factor;
  state.info.comp_info[0].v_samp_factor = factor;
  jpeg_start_compress(&state.info, TRUE);
  while (state.info.next_scanline < state.info.image_height) {
    // The library only reads the row, but does not say so.
    auto* row = const_cast<JSAMPROW>(  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        image.row(state.info.next_scanline));
    jpeg_write_scanlines(&state.info, &row, 1);
  }
  jpeg_finish_compress(&state.info);
  return Step::kDone;
}

struct PngWriting {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<std::byte> output;
  std::string message;

  PngWriting() = default;
  ~PngWriting() { png_destroy_write_struct(&png, &info); }
  PngWriting(const PngWriting&) = delete;
  PngWriting& operator=(const PngWriting&) = delete;
};

[[noreturn]] void on_png_error(png_structp png, png_const_charp message) {
  static_cast<PngWriting*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void ignore_png_warning(png_structp /*png*/, png_const_charp /*message*/) {}

// The library declares the type of the callback.
// NOLINTNEXTLINE(readability-non-const-parameter)
void append(png_structp png, png_bytep bytes, std::size_t size) {
  auto& writing = *static_cast<PngWriting*>(png_get_io_ptr(png));
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  std::copy_n(first, size, std::back_inserter(writing.output));
}

void flush_nothing(png_structp /*png*/) {}

Step write(PngWriting& writing, const Image& image, const PngOptions& options) {
  if (setjmp(png_jmpbuf(writing.png)) != 0) return Step::kFailed;
  png_set_write_fn(writing.png, &writing, append, flush_nothing);
  png_set_user_limits(writing.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(writing.png, options.compression_level);
  png_set_IHDR(writing.png, writing.info, image.width(), image.height(), 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writing.png, writing.info);
  for (std::uint32_t y = 0; y < image.height(); ++y) png_write_row(writing.png, image.row(y));
  png_write_end(writing.png, nullptr);
  return Step::kDone;
}

}  // namespace

Result<std::vector<std::byte>> encode_jpeg(const Image& image, const JpegOptions& options) {
  CHECK(image.size().num_pixels() > 0, "an image to encode");
  if (std::max(image.width(), image.height()) > JPEG_MAX_DIMENSION) {
    return invalid_input(fmt::format("an image of {} x {} pixels; JPEG holds {} a side",
                                     image.width(), image.height(), JPEG_MAX_DIMENSION));
  }
  JpegCompression state;
  if (compress(state, image, options) == Step::kFailed) {
    return internal("libjpeg refuses to encode an image");
  }
  const auto* first = reinterpret_cast<const std::byte*>(state.output);
  return std::vector<std::byte>(first, first + state.output_size);
}

Result<std::vector<std::byte>> encode_png(const Image& image, const PngOptions& options) {
  CHECK(image.size().num_pixels() > 0, "an image to encode");
  PngWriting writing;
  writing.png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &writing, on_png_error, ignore_png_warning);
  if (writing.png != nullptr) writing.info = png_create_info_struct(writing.png);
  if (writing.info == nullptr) return internal("libpng refuses to start");
  if (write(writing, image, options) == Step::kFailed) {
    return internal(fmt::format("libpng refuses to encode an image: {}", writing.message));
  }
  return std::move(writing.output);
}

}  // namespace assay::images

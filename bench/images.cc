/// \file
/// How fast images are decoded and resized: the decoders, what they are made of, and beside them
/// libpng and the plain loops.
///
///   bench_images [FILE...]
///
/// Without files, images of 1,024 x 1,024 and 1,664 x 2,432 pixels are made: shapes with some
/// noise, as JPEG of quality 90 and as PNG. Prints milliseconds of the processor, the best of some.

#include "compress/inflate.h"
#include "core/check.h"
#include "core/random.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/png_chunks_internal.h"
#include "images/resize.h"
#include "images/resize_internal.h"
#include "images/unfilter_internal.h"

#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace images = assay::images;
using images::Image;

constexpr std::uint32_t kSide = 224;

/// Of this thread: other work on the machine does not count.
double processor_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (static_cast<double>(time.tv_sec) * 1e3) + (static_cast<double>(time.tv_nsec) / 1e6);
}

void measure(const std::string& name, const std::function<void()>& work) {
  constexpr int kNumRuns = 15;
  double best = 1e9;
  for (int i = 0; i < kNumRuns; ++i) {
    const double begin = processor_milliseconds();
    work();
    best = std::min(best, processor_milliseconds() - begin);
  }
  fmt::print("  {:<28} {:7.2f} ms\n", name, best);
}

Image make_scene(images::ImageSize size) {
  assay::SeededRandom random(1);
  Image image = Image::with_size(size);
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x) {
      const double shape = std::sin(x / 90.0) * std::cos(y / 70.0);
      const int noise = static_cast<int>(random.below(5));
      for (std::size_t k = 0; k < images::kNumChannels; ++k) {
        const int value = static_cast<int>(120 + (100 * shape)) + static_cast<int>(k * 5) + noise;
        image.row(y)[(x * images::kNumChannels) + k] = static_cast<std::uint8_t>(value);
      }
    }
  }
  return image;
}

void measure_png_parts(std::span<const std::byte> encoded) {
  const auto chunks = images::read_png_chunks(encoded);
  CHECK(chunks.has_value(), "it was decoded before");
  measure("  libpng",
          [&] { CHECK(images::decode_png_by_library(encoded, *chunks, {}).has_value(), "a PNG"); });
  if (chunks->bit_depth != 8 || chunks->is_interlaced) return;
  std::vector<std::byte> compressed;
  for (const auto piece : chunks->data) {
    compressed.insert(compressed.end(), piece.begin(), piece.end());
  }
  const std::size_t row_size = chunks->size.width * chunks->num_channels();
  std::vector<std::uint8_t> filtered(((row_size + 1) * chunks->size.height) + 16);
  measure("  inflate alone", [&] {
    assay::compress::inflate(assay::compress::DeflateForm::kZlib, compressed,
                             std::as_writable_bytes(std::span(filtered)));
  });
  std::vector<std::size_t> num_rows(5);
  for (std::size_t y = 0; y < chunks->size.height; ++y) {
    ++num_rows.at(filtered[y * (row_size + 1)]);
  }
  const images::FilteredRows rows{.stored = filtered.data(),
                                  .row_size = row_size,
                                  .num_rows = chunks->size.height,
                                  .pixel_size = chunks->num_channels()};
  std::vector<std::uint8_t> out((row_size * chunks->size.height) + 16);
  measure("  unfilter", [&] { images::unfilter(rows, out.data()); });
  measure("  unfilter, plain", [&] { images::unfilter_plainly(rows, out.data()); });
  fmt::print("    rows by filter: none {}, left {}, above {}, average {}, paeth {}\n", num_rows[0],
             num_rows[1], num_rows[2], num_rows[3], num_rows[4]);
}

void measure_resize(const Image& image) {
  const images::ClipCrop crop = images::clip_crop_of(image.size(), kSide);
  const images::AxisTaps columns = images::make_taps(
      image.width(), crop.resized.width, crop.box.left, kSide, images::ResizeFilter::kBicubic);
  const images::AxisTaps rows = images::make_taps(image.height(), crop.resized.height, crop.box.top,
                                                  kSide, images::ResizeFilter::kBicubic);
  std::vector<std::uint8_t> into(std::size_t{kSide} * kSide * images::kNumChannels);
  measure("crop to 224", [&] { images::clip_crop(image, kSide, into); });
  const std::pair<std::string, images::Resample> ways[] = {
      {"  by AVX-512", images::resample_by_avx512()},
      {"  by AVX2", images::resample_by_avx2()},
      {"  plain", images::resample_plainly}};
  for (const auto& [name, way] : ways) {
    if (way != nullptr) measure(name, [&] { way(image, columns, rows, into); });
  }
}

void measure_image(const std::string& name, std::span<const std::byte> encoded) {
  images::Decoder decoder;
  auto decoded = decoder.decode(encoded);
  CHECK(decoded.has_value(), "an image that can be decoded");
  fmt::print("{}: {} x {}, {} bytes\n", name, decoded->image.width(), decoded->image.height(),
             encoded.size());
  measure("decode", [&] {
    auto again = decoder.decode(encoded);
    decoder.reuse(std::move(again->image));
  });
  if (decoded->header.format == images::ImageFormat::kPng) measure_png_parts(encoded);
  measure_resize(decoded->image);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    measure_image(argv[i], assay::as_bytes(content.str()));
  }
  if (argc > 1) return 0;
  for (const images::ImageSize size : {images::ImageSize{.width = 1024, .height = 1024},
                                       images::ImageSize{.width = 1664, .height = 2432}}) {
    const Image scene = make_scene(size);
    const auto jpeg = images::encode_jpeg(scene, {.quality = 90});
    const auto png = images::encode_png(scene);
    CHECK(jpeg.has_value() && png.has_value(), "images of an ordinary size");
    measure_image("JPEG", *jpeg);
    measure_image("PNG", *png);
  }
  return 0;
}

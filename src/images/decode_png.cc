#include "compress/inflate.h"
#include "core/check.h"
#include "images/formats_internal.h"
#include "images/png_chunks_internal.h"
#include "images/unfilter_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#ifdef __x86_64__
#include <tmmintrin.h>
#endif

namespace assay::images {
namespace {

// Vector loads and stores of the unfiltering reach this far beyond the rows.
constexpr std::size_t kSlack = 16;

// How many rows are unfiltered before they are turned into RGB: they stay in the nearest cache.
constexpr std::size_t kRowsAtOnce = 16;

bool is_common(const PngChunks& chunks) { return chunks.bit_depth == 8 && !chunks.is_interlaced; }

/// Deflate makes at most 1,032 bytes of one: what cannot be there is refused before memory is taken
/// for it.
Readable<void> check_data_size(const PngChunks& chunks, std::size_t row_size) {
  constexpr std::size_t kMaxRatio = 1'032;
  std::size_t compressed_size = 0;
  for (const Bytes piece : chunks.data) compressed_size += piece.size();
  if (compressed_size * kMaxRatio >= (row_size + 1) * chunks.size.height) return {};
  return refuse(chunks.ends_early ? RefusalKind::kTruncated : RefusalKind::kCorrupt,
                fmt::format("PNG: {} bytes of image data, which cannot hold {} x {} pixels",
                            compressed_size, chunks.size.width, chunks.size.height));
}

/// What the decoder needs beside the image, in one piece of memory.
struct Workspace {
  /// As they are inflated, each with its filter.
  std::span<std::uint8_t> filtered;
  /// Finished rows on their way to RGB, and in front of them the one above.
  std::uint8_t* finished = nullptr;
  Bytes compressed;
};

Workspace lay_out(const PngChunks& chunks, std::size_t row_size,
                  std::vector<std::uint8_t>& scratch) {
  const std::size_t filtered_size = (row_size + 1) * chunks.size.height;
  const std::size_t finished_size =
      chunks.color == PngColor::kRgb ? 0 : row_size * (kRowsAtOnce + 1);
  const bool is_split = chunks.data.size() > 1;
  std::size_t compressed_size = 0;
  for (const Bytes piece : chunks.data) compressed_size += piece.size();
  scratch.resize(std::max(scratch.size(), filtered_size + kSlack + finished_size + kSlack +
                                              (is_split ? compressed_size : 0)));
  Workspace space{.filtered = std::span(scratch).first(filtered_size),
                  .finished = scratch.data() + filtered_size + kSlack,
                  .compressed = chunks.data.front()};
  if (is_split) {
    std::uint8_t* out = space.finished + finished_size + kSlack;
    space.compressed = std::as_bytes(std::span(out, compressed_size));
    for (const Bytes piece : chunks.data) {
      if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
      out += piece.size();
    }
  }
  return space;
}

Readable<void> inflate_rows(const Workspace& space, const PngChunks& chunks) {
  const compress::Inflation inflation = compress::inflate(
      compress::DeflateForm::kZlib, space.compressed, std::as_writable_bytes(space.filtered));
  const std::size_t row_size = space.filtered.size() / chunks.size.height;
  switch (inflation.outcome) {
    case compress::InflateOutcome::kTruncated:
      return refuse(RefusalKind::kTruncated,
                    fmt::format("PNG: ends in row {} of {}", inflation.num_produced / row_size,
                                chunks.size.height));
    case compress::InflateOutcome::kBroken:
    case compress::InflateOutcome::kWrongChecksum:
      return refuse(RefusalKind::kCorrupt,
                    fmt::format("PNG: the image data {}", compress::to_text(inflation.outcome)));
    case compress::InflateOutcome::kTooLarge:  // all rows are there; what follows is not asked for
    case compress::InflateOutcome::kComplete:
      break;
  }
  if (inflation.num_produced < space.filtered.size()) {
    return refuse(RefusalKind::kCorrupt,
                  fmt::format("PNG: image data for {} rows of {}",
                              inflation.num_produced / row_size, chunks.size.height));
  }
  return {};
}

template <PngColor kColor>
void to_rgb(const std::uint8_t* in, const Palette& palette, std::size_t num_pixels,
            std::uint8_t* out) {
  constexpr std::size_t kPixelSize =
      1 + (kColor == PngColor::kGrayAlpha ? 1 : 0) + (kColor == PngColor::kRgba ? 3 : 0);
  for (std::size_t i = 0; i < num_pixels; ++i, in += kPixelSize) {
    if constexpr (kColor == PngColor::kRgba) {
      out = put(out, {in[0], in[1], in[2]});
    } else if constexpr (kColor == PngColor::kPalette) {
      out = put(out, palette[in[0]]);
    } else {
      out = put_gray(out, in[0]);
    }
  }
}

#ifdef __x86_64__
/// Four pixels at a time, as far as 16 bytes can be written; returns how many.
__attribute__((target("ssse3"))) std::size_t drop_alpha(const std::uint8_t* in,
                                                        std::size_t num_pixels, std::uint8_t* out) {
  const __m128i colors = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  std::size_t i = 0;
  for (; i + 6 <= num_pixels; i += 4) {  // the four bytes too many belong to the next pixels
    const __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + (i * 4)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + (i * 3)), _mm_shuffle_epi8(pixels, colors));
  }
  return i;
}
#endif

void rgba_to_rgb(const std::uint8_t* in, std::size_t num_pixels, std::uint8_t* out) {
  std::size_t num_done = 0;
#ifdef __x86_64__
  static const bool has_shuffle = __builtin_cpu_supports("ssse3") != 0;
  if (has_shuffle) num_done = drop_alpha(in, num_pixels, out);
#endif
  to_rgb<PngColor::kRgba>(in + (num_done * 4), {}, num_pixels - num_done, out + (num_done * 3));
}

void to_rgb(const std::uint8_t* in, const PngChunks& chunks, std::size_t num_pixels,
            std::uint8_t* out) {
  switch (chunks.color) {
    case PngColor::kGray:
      to_rgb<PngColor::kGray>(in, chunks.palette, num_pixels, out);
      break;
    case PngColor::kGrayAlpha:
      to_rgb<PngColor::kGrayAlpha>(in, chunks.palette, num_pixels, out);
      break;
    case PngColor::kPalette:
      to_rgb<PngColor::kPalette>(in, chunks.palette, num_pixels, out);
      break;
    case PngColor::kRgba:
      rgba_to_rgb(in, num_pixels, out);
      break;
    case PngColor::kRgb:
      CHECK(false, "RGB is finished in place");
  }
}

/// Finish some rows at a time, while they are near.
void finish_rows(FilteredRows rows, const PngChunks& chunks, std::uint8_t* finished, Image& image) {
  const std::size_t stored_size = rows.row_size + 1;
  std::uint8_t* const above = finished;
  finished += rows.row_size;
  for (std::uint32_t y = 0; y < chunks.size.height; y += kRowsAtOnce) {
    rows.num_rows = std::min<std::size_t>(kRowsAtOnce, chunks.size.height - y);
    unfilter(rows, finished);
    to_rgb(finished, chunks, rows.num_rows * chunks.size.width, image.row(y));
    std::memcpy(above, finished + ((rows.num_rows - 1) * rows.row_size), rows.row_size);
    rows.above = above;
    rows.stored += rows.num_rows * stored_size;
  }
}

}  // namespace

Readable<Image> decode_png(const DecodeInput& input, Image reuse) {
  const auto chunks = read_png_chunks(input.encoded);
  CHECK(chunks.has_value(), "the probe read them");
  if (!is_common(*chunks)) {
    return decode_png_by_library(input.encoded, *chunks, std::move(reuse));
  }
  const std::size_t row_size = chunks->size.width * chunks->num_channels();
  if (auto room = check_data_size(*chunks, row_size); !room) {
    return std::unexpected(std::move(room.error()));
  }
  const Workspace space = lay_out(*chunks, row_size, input.scratch);
  if (auto inflated = inflate_rows(space, *chunks); !inflated) {
    return std::unexpected(std::move(inflated.error()));
  }
  Image image = Image::with_size(chunks->size, std::move(reuse));
  const FilteredRows rows{.stored = space.filtered.data(),
                          .row_size = row_size,
                          .num_rows = chunks->size.height,
                          .pixel_size = chunks->num_channels()};
  if (chunks->color == PngColor::kRgb) {
    unfilter(rows, image.pixels().data());
  } else {
    finish_rows(rows, *chunks, space.finished, image);
  }
  return image;
}

}  // namespace assay::images

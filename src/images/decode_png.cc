#include "compress/inflate.h"
#include "core/check.h"
#include "images/formats_internal.h"
#include "images/png_chunks_internal.h"
#include "images/unfilter_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace assay::images {
namespace {

// Vector loads and stores of the unfiltering reach this far beyond the rows.
constexpr std::size_t kSlack = 16;

// How many rows are unfiltered before they are turned into RGB: they stay in the nearest cache.
constexpr std::size_t kRowsAtOnce = 16;

bool is_common(const PngChunks& chunks) { return chunks.bit_depth == 8 && !chunks.is_interlaced; }

/// What the decoder needs beside the image, in one piece of memory.
struct Workspace {
  std::span<std::uint8_t> rows;
  Bytes compressed;
};

Workspace lay_out(const PngChunks& chunks, std::size_t rows_size,
                  std::vector<std::uint8_t>& scratch) {
  std::size_t compressed_size = 0;
  for (const Bytes piece : chunks.data) compressed_size += piece.size();
  const bool is_split = chunks.data.size() > 1;
  scratch.resize(std::max(scratch.size(), rows_size + kSlack + (is_split ? compressed_size : 0)));
  Workspace space{.rows = std::span(scratch).first(rows_size), .compressed = chunks.data.front()};
  if (is_split) {
    std::uint8_t* out = scratch.data() + rows_size + kSlack;
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
      compress::DeflateForm::kZlib, space.compressed, std::as_writable_bytes(space.rows));
  const std::size_t row_size = space.rows.size() / chunks.size.height;
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
  if (inflation.num_produced < space.rows.size()) {
    return refuse(RefusalKind::kCorrupt,
                  fmt::format("PNG: image data for {} rows of {}",
                              inflation.num_produced / row_size, chunks.size.height));
  }
  return {};
}

void to_rgb(const std::uint8_t* in, const PngChunks& chunks, std::size_t num_pixels,
            std::uint8_t* out) {
  const std::size_t pixel_size = chunks.num_channels();
  for (std::size_t i = 0; i < num_pixels; ++i, in += pixel_size) {
    switch (chunks.color) {
      case PngColor::kGray:
      case PngColor::kGrayAlpha:
        out = put_gray(out, in[0]);
        break;
      case PngColor::kPalette:
        out = put(out, chunks.palette[in[0]]);
        break;
      case PngColor::kRgb:
      case PngColor::kRgba:
        out = put(out, {in[0], in[1], in[2]});
        break;
    }
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
  const Workspace space = lay_out(*chunks, (row_size + 1) * chunks->size.height, input.scratch);
  if (auto inflated = inflate_rows(space, *chunks); !inflated) {
    return std::unexpected(std::move(inflated.error()));
  }
  Image image = Image::with_size(chunks->size, std::move(reuse));
  const FilteredRows rows{.stored = space.rows.data(),
                          .row_size = row_size,
                          .num_rows = chunks->size.height,
                          .pixel_size = chunks->num_channels()};
  if (chunks->color == PngColor::kRgb) {
    unfilter(rows, image.pixels().data());
    return image;
  }
  // TODO
  std::vector<std::uint8_t> plain((row_size * rows.num_rows) + kSlack);
  unfilter(rows, plain.data());
  to_rgb(plain.data(), *chunks, chunks->size.num_pixels(), image.pixels().data());
  return image;
}

}  // namespace assay::images

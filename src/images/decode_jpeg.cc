#include "core/bytes.h"
#include "images/formats_internal.h"
#include "images/longjmp_internal.h"
#include "images/samples_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// After <cstdio>, which it needs.
#include <jerror.h>
#include <jpeglib.h>

namespace assay::images {
namespace {

// Markers of ITU T.81.
constexpr std::uint32_t kStartOfScan = 0xda;
constexpr std::uint32_t kEndOfImage = 0xd9;
constexpr std::uint32_t kApp1 = 0xe1;

bool is_frame_marker(std::uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

bool has_no_length(std::uint32_t marker) {
  return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

struct Segment {
  std::uint32_t marker = 0;
  Bytes content;
};

/// The marker segment at `position`, which moves behind it; nothing where the bytes end.
std::optional<Segment> next_segment(Bytes encoded, std::size_t& position) {
  // Bytes before a marker are stray, more of 0xff is fill.
  while (position < encoded.size() && byte_at(encoded, position) != 0xff) ++position;
  while (position < encoded.size() && byte_at(encoded, position) == 0xff) ++position;
  if (position >= encoded.size()) return std::nullopt;
  const std::uint32_t marker = byte_at(encoded, position++);
  if (marker == 0 || has_no_length(marker) || marker == kEndOfImage) return Segment{marker, {}};
  if (position + 2 > encoded.size()) return std::nullopt;
  const std::size_t size = big16(encoded, position);
  if (size < 2 || position + size > encoded.size()) return std::nullopt;
  const Bytes content = encoded.subspan(position + 2, size - 2);
  position += size;
  return Segment{marker, content};
}

PixelMode jpeg_mode(std::uint32_t num_components) {
  switch (num_components) {
    case 1:
      return PixelMode::kGray;
    case 4:
      return PixelMode::kCmyk;
    default:
      return PixelMode::kRgb;
  }
}

Readable<ImageHeader> read_frame_header(Bytes frame, ImageHeader header) {
  if (frame.size() < 6) return refuse(RefusalKind::kCorrupt, "JPEG: a frame header too short");
  const std::uint32_t precision = byte_at(frame, 0);
  const std::uint32_t num_components = byte_at(frame, 5);
  header.size = {.width = big16(frame, 3), .height = big16(frame, 1)};
  if (precision != 8) {
    return refuse(RefusalKind::kUnsupported,
                  fmt::format("JPEG: {} bits a sample, not 8", precision));
  }
  if (num_components != 1 && num_components != 3 && num_components != 4) {
    return refuse(RefusalKind::kUnsupported,
                  fmt::format("JPEG: {} channels, not 1, 3 or 4", num_components));
  }
  header.mode = jpeg_mode(num_components);
  return header;
}

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  bool is_truncated = false;
};

[[noreturn]] void on_jpeg_read_error(j_common_ptr info) {
  std::longjmp(reinterpret_cast<ErrorManager*>(info->err)->jump, 1);
}

void on_message(j_common_ptr /*info*/, int /*level*/) {}
void on_output(j_common_ptr /*info*/) {}
void do_nothing(j_decompress_ptr /*info*/) {}

// A progressive file of a few kilobytes may ask for any number of passes over the whole image; real
// ones have some ten. So many pixels gone through take some seconds.
constexpr int kMaxScans = 200;
constexpr std::uint64_t kMaxPixelsOfScans = std::uint64_t{1} << 31;

int max_scans(const jpeg_decompress_struct& info) {
  const std::uint64_t num_pixels = std::uint64_t{info.image_width} * info.image_height;
  const std::uint64_t affordable = kMaxPixelsOfScans / std::max<std::uint64_t>(num_pixels, 1);
  return static_cast<int>(
      std::min<std::uint64_t>(kMaxScans, std::max<std::uint64_t>(affordable, 1)));
}

void on_progress(j_common_ptr info) {
  if (!info->is_decompressor) return;
  const auto& decompression = *reinterpret_cast<j_decompress_ptr>(info);
  if (decompression.input_scan_number > max_scans(decompression)) on_jpeg_read_error(info);
}

[[noreturn]] boolean on_end_of_input(j_decompress_ptr info) {
  reinterpret_cast<ErrorManager*>(info->err)->is_truncated = true;
  on_jpeg_read_error(reinterpret_cast<j_common_ptr>(info));
}

void skip_input(j_decompress_ptr info, long num_bytes) {
  if (num_bytes <= 0) return;
  if (std::cmp_greater(num_bytes, info->src->bytes_in_buffer)) on_end_of_input(info);
  info->src->next_input_byte += num_bytes;
  info->src->bytes_in_buffer -= static_cast<std::size_t>(num_bytes);
}

/// The library's state. It is left by longjmp(): nothing of it has a destructor of its own.
struct Decompression {
  jpeg_decompress_struct info{};
  ErrorManager errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};

  explicit Decompression(Bytes encoded) {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = on_jpeg_read_error;
    errors.base.emit_message = on_message;
    errors.base.output_message = on_output;
    source.next_input_byte = as_u8(encoded);
    source.bytes_in_buffer = encoded.size();
    source.init_source = do_nothing;
    source.fill_input_buffer = on_end_of_input;
    source.skip_input_data = skip_input;
    source.resync_to_restart = jpeg_resync_to_restart;
    source.term_source = do_nothing;
    progress.progress_monitor = on_progress;
  }
  ~Decompression() { jpeg_destroy_decompress(&info); }
  Decompression(const Decompression&) = delete;
  Decompression& operator=(const Decompression&) = delete;
};

// So that a mean of blocks still has some for each part of the image.
constexpr JDIMENSION kLeastSideOfBlocks = 512;

Step start(Decompression& state, DecodeDetail detail) {
  if (setjmp(state.errors.jump) != 0) return Step::kFailed;
  jpeg_create_decompress(&state.info);
  state.info.src = &state.source;
  state.info.progress = &state.progress;
  jpeg_read_header(&state.info, TRUE);
  switch (state.info.num_components) {
    case 1:
      state.info.out_color_space = JCS_GRAYSCALE;
      break;
    case 3:
      state.info.out_color_space = JCS_RGB;
      break;
    default:
      state.info.out_color_space = JCS_CMYK;
      break;
  }
  const bool is_large =
      std::min(state.info.image_width, state.info.image_height) >= kLeastSideOfBlocks;
  if (detail == DecodeDetail::kBlocks && is_large) state.info.scale_denom = DCTSIZE;
  jpeg_start_decompress(&state.info);
  return Step::kDone;
}

/// `rows` is where each row goes.
Step read_jpeg_rows(Decompression& state, std::vector<JSAMPROW>& rows) {
  if (setjmp(state.errors.jump) != 0) return Step::kFailed;
  while (state.info.output_scanline < state.info.output_height) {
    jpeg_read_scanlines(&state.info, &rows[state.info.output_scanline],
                        state.info.output_height - state.info.output_scanline);
  }
  jpeg_finish_decompress(&state.info);
  return Step::kDone;
}

Refusal jpeg_refusal(Decompression& state) {
  if (state.errors.is_truncated) {
    return {RefusalKind::kTruncated,
            fmt::format("JPEG: ends in row {} of {}",
                        std::uint64_t{state.info.output_scanline} * state.info.image_height /
                            std::max<JDIMENSION>(state.info.output_height, 1),
                        state.info.image_height)};
  }
  if (const int limit = max_scans(state.info); state.info.input_scan_number > limit) {
    return {RefusalKind::kUnsupported,
            fmt::format("JPEG: more than {} scans of {} x {} pixels", limit, state.info.image_width,
                        state.info.image_height)};
  }
  std::string text(JMSG_LENGTH_MAX, '\0');
  state.errors.base.format_message(reinterpret_cast<j_common_ptr>(&state.info), text.data());
  text.resize(text.find('\0'));
  const int code = state.errors.base.msg_code;
  const bool is_unsupported =
      code == JERR_SOF_UNSUPPORTED || code == JERR_CONVERSION_NOTIMPL || code == JERR_NOT_COMPILED;
  return {is_unsupported ? RefusalKind::kUnsupported : RefusalKind::kCorrupt,
          "JPEG: " + to_one_line(text)};
}

void spread_gray(const std::uint8_t* gray, Image& image) {
  std::uint8_t* out = image.pixels().data();
  for (std::size_t i = 0; i < image.size().num_pixels(); ++i) out = put_gray(out, gray[i]);
}

// Four-channel JPEGs hold inverted inks, as Adobe's programs write them: 255 is none.
void multiply_inks(const std::uint8_t* inks, Image& image) {
  std::uint8_t* out = image.pixels().data();
  for (std::size_t i = 0; i < image.size().num_pixels(); ++i) {
    out = put(out, {light_through(255U - inks[0], inks[3]), light_through(255U - inks[1], inks[3]),
                    light_through(255U - inks[2], inks[3])});
    inks += 4;
  }
}

}  // namespace

Readable<ImageHeader> probe_jpeg(Bytes encoded) {
  constexpr std::string_view kExifMark("Exif\0\0", 6);
  ImageHeader header;
  std::optional<Bytes> frame;
  std::size_t position = 2;
  while (const auto segment = next_segment(encoded, position)) {
    if (segment->marker == kEndOfImage) {
      return refuse(RefusalKind::kCorrupt, "JPEG: ends without an image");
    }
    if (is_frame_marker(segment->marker) && !frame) frame = segment->content;
    if (segment->marker == kApp1 && as_text(segment->content).starts_with(kExifMark) &&
        header.orientation == Orientation::kUpright) {
      header.orientation = read_orientation(segment->content.subspan(kExifMark.size()));
    }
    if (segment->marker == kStartOfScan) break;
  }
  if (!frame) return refuse(RefusalKind::kTruncated, "JPEG: ends within its header");
  return read_frame_header(*frame, header);
}

Readable<Image> decode_jpeg(const DecodeInput& input, Image reuse) {
  Decompression state(input.encoded);
  if (start(state, input.detail) == Step::kFailed) return std::unexpected(jpeg_refusal(state));
  const ImageSize whole{.width = state.info.image_width, .height = state.info.image_height};
  const ImageSize size{.width = state.info.output_width, .height = state.info.output_height};
  const auto num_components = static_cast<std::uint32_t>(state.info.output_components);
  if (whole != input.header.size || jpeg_mode(num_components) != input.header.mode) {
    return refuse(RefusalKind::kCorrupt, "JPEG: two headers that differ");
  }
  Image image = Image::with_size(size, std::move(reuse));
  std::uint8_t* samples = image.pixels().data();
  if (num_components != kNumChannels) {
    input.scratch.resize(size.num_pixels() * num_components);
    samples = input.scratch.data();
  }
  std::vector<JSAMPROW> rows(size.height);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    rows[y] = samples + (y * size.width * num_components);
  }
  if (read_jpeg_rows(state, rows) == Step::kFailed) return std::unexpected(jpeg_refusal(state));
  if (num_components == 1) spread_gray(samples, image);
  if (num_components == 4) multiply_inks(samples, image);
  return image;
}

}  // namespace assay::images

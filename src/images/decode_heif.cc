#include "core/bytes.h"
#include "images/formats_internal.h"
#include "images/heif_library_internal.h"

#include <fmt/format.h>

#include <libheif/heif.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace assay::images {
namespace {

/// Frees by a function of the library. It is loaded: the thing came from it.
template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* thing) const {
    ((*heif_library())->*kFree)(thing);
  }
};
using Context = std::unique_ptr<heif_context, Freed<&HeifLibrary::context_free>>;
using Handle = std::unique_ptr<heif_image_handle, Freed<&HeifLibrary::image_handle_release>>;
using Pixels = std::unique_ptr<heif_image, Freed<&HeifLibrary::image_release>>;
using Options = std::unique_ptr<heif_decoding_options, Freed<&HeifLibrary::decoding_options_free>>;

Refusal heif_refusal(ImageFormat format, const heif_error& error) {
  RefusalKind kind = RefusalKind::kCorrupt;
  if (error.code == heif_error_Unsupported_feature ||
      error.code == heif_error_Unsupported_filetype) {
    kind = RefusalKind::kUnsupported;
  } else if (error.subcode == heif_suberror_End_of_data) {
    kind = RefusalKind::kTruncated;
  } else if (error.subcode == heif_suberror_Security_limit_exceeded) {
    kind = RefusalKind::kOverLimit;
  }
  return {kind, fmt::format("{}: {}", to_string(format),
                            to_one_line(error.message != nullptr ? error.message : "damaged"))};
}

/// Whether a box of the outermost level reaches beyond the file: what libheif reports of such a
/// file depends on the box.
bool ends_early(Bytes encoded) {
  std::size_t position = 0;
  while (position < encoded.size()) {
    if (encoded.size() - position < 8) return true;
    const std::uint64_t size = big32(encoded, position);
    if (size == 0) return false;  // to the end of the file
    if (size == 1) return false;  // 64 bits: not among still images
    if (size < 8 || size > encoded.size() - position) return size >= 8;
    position += size;
  }
  return false;
}

struct Opened {
  const HeifLibrary& heif;
  Context context;
  Handle handle;
};

Readable<Opened> open(Bytes encoded, ImageFormat format) {
  if (ends_early(encoded)) {
    return refuse(RefusalKind::kTruncated, fmt::format("{}: ends within a box", to_string(format)));
  }
  const auto& library = heif_library();
  if (!library) {
    return refuse(RefusalKind::kMissingLibrary,
                  fmt::format("{}: {}", to_string(format), library.error().message));
  }
  const HeifLibrary& heif = **library;
  Opened opened{.heif = heif, .context = Context(heif.context_alloc()), .handle = nullptr};
  heif.context_set_max_decoding_threads(opened.context.get(), 0);
  heif_error error = heif.context_read_from_memory_without_copy(
      opened.context.get(), encoded.data(), encoded.size(), nullptr);
  if (error.code != heif_error_Ok) return std::unexpected(heif_refusal(format, error));
  heif_image_handle* handle = nullptr;
  error = heif.context_get_primary_image_handle(opened.context.get(), &handle);
  opened.handle.reset(handle);
  if (error.code != heif_error_Ok) return std::unexpected(heif_refusal(format, error));
  return opened;
}

}  // namespace

Readable<ImageHeader> probe_heif(Bytes encoded, ImageFormat format) {
  const auto opened = open(encoded, format);
  if (!opened) return std::unexpected(opened.error());
  const HeifLibrary& heif = opened->heif;
  const heif_image_handle* handle = opened->handle.get();
  // Its own rotation and mirroring are part of the image; they are applied already.
  return ImageHeader{
      .format = format,
      .mode = heif.image_handle_has_alpha_channel(handle) != 0 ? PixelMode::kRgba : PixelMode::kRgb,
      .size = {.width = static_cast<std::uint32_t>(heif.image_handle_get_width(handle)),
               .height = static_cast<std::uint32_t>(heif.image_handle_get_height(handle))},
      .is_animated =
          as_text(encoded).substr(8, 4) == "avis" || as_text(encoded).substr(8, 4) == "msf1"};
}

Readable<Image> decode_heif(const DecodeInput& input, Image reuse) {
  const ImageFormat format = input.header.format;
  const auto opened = open(input.encoded, format);
  if (!opened) return std::unexpected(opened.error());
  const HeifLibrary& heif = opened->heif;
  const Options options(heif.decoding_options_alloc());
  options->strict_decoding = 1;
  // Preferred for AV1: dav1d prints what it thinks of damaged files.
  options->decoder_id = "aom";
  heif_image* decoded = nullptr;
  const heif_error error = heif.decode_image(opened->handle.get(), &decoded, heif_colorspace_RGB,
                                             heif_chroma_interleaved_RGB, options.get());
  const Pixels pixels(decoded);
  if (error.code != heif_error_Ok) return std::unexpected(heif_refusal(format, error));
  const ImageSize size{
      .width = static_cast<std::uint32_t>(heif.image_get_width(decoded, heif_channel_interleaved)),
      .height =
          static_cast<std::uint32_t>(heif.image_get_height(decoded, heif_channel_interleaved))};
  int stride = 0;
  const std::uint8_t* rows =
      heif.image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
  if (size != input.header.size || rows == nullptr) {
    return refuse(RefusalKind::kCorrupt,
                  fmt::format("{}: another size than its header says", to_string(format)));
  }
  Image image = Image::with_size(size, std::move(reuse));
  for (std::uint32_t y = 0; y < size.height; ++y) {
    std::memcpy(image.row(y), rows + (static_cast<std::ptrdiff_t>(y) * stride), image.row_size());
  }
  return image;
}

}  // namespace assay::images

#include "review/thumbnail.h"

#include "decisions/entry_image.h"
#include "images/encode.h"
#include "images/resize.h"

#include <algorithm>
#include <utility>

namespace assay::review {
namespace {

images::ImageSize shrunken(images::ImageSize size, std::uint32_t max_side) {
  const std::uint32_t longer = std::max(size.width, size.height);
  if (longer <= max_side) return size;
  const auto side = [&](std::uint32_t length) {
    const std::uint64_t scaled = (std::uint64_t{length} * max_side + longer / 2) / longer;
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, scaled));
  };
  return {.width = side(size.width), .height = side(size.height)};
}

}  // namespace

std::expected<Thumbnail, std::string> make_thumbnail(const archives::EntrySource& source,
                                                     std::string_view entry,
                                                     std::optional<std::int64_t> crc32,
                                                     const ThumbnailOptions& options) {
  const auto index = decisions::find_entry(source, entry);
  if (!index) return std::unexpected("no longer in the source");
  auto decoded = decisions::decode_entry(source, *index, crc32, options.orientation);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  const images::Image& image = *decoded;
  const images::ImageSize size = shrunken(image.size(), options.max_side);
  auto jpeg = size == image.size()
                  ? images::encode_jpeg(image, {.quality = options.quality})
                  : images::encode_jpeg(images::resize(image, size), {.quality = options.quality});
  if (!jpeg) return std::unexpected(jpeg.error().message);
  return Thumbnail{.size = size, .jpeg = std::move(*jpeg)};
}

}  // namespace assay::review

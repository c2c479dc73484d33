#include "predict/thumbnail.h"

#include "images/encode.h"
#include "images/resize.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace assay::predict {
namespace {

using archives::EntryVerdict;
using archives::SourceEntry;

/// The candidate of this path, of several the one that can be read.
std::optional<std::size_t> find_entry(const archives::EntrySource& source, std::string_view path) {
  const std::span<const SourceEntry> entries = source.entries();
  const auto same = std::ranges::equal_range(entries, path, {}, &SourceEntry::path);
  if (same.empty()) return std::nullopt;
  auto found = std::ranges::find(same, EntryVerdict::kOk, &SourceEntry::verdict);
  if (found == same.end()) found = same.begin();
  return static_cast<std::size_t>(found - entries.begin());
}

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
  const auto index = find_entry(source, entry);
  if (!index) return std::unexpected("no longer in the source");
  const SourceEntry& found = source.entries()[*index];
  if (crc32 && found.crc32 && *crc32 != std::int64_t{*found.crc32}) {
    return std::unexpected("changed since the run");
  }
  if (found.verdict != EntryVerdict::kOk) {
    return std::unexpected(std::string(archives::to_text(found.verdict)));
  }
  images::DecodeOptions decode{.orientation = options.orientation};
  if (found.size > decode.max_encoded_size) return std::unexpected("too large for an image");
  std::vector<std::byte> encoded(found.size.count());
  const Result<EntryVerdict> verdict = source.read(*index, encoded);
  if (!verdict) return std::unexpected(verdict.error().message);
  if (*verdict != EntryVerdict::kOk) {
    return std::unexpected(std::string(archives::to_text(*verdict)));
  }
  auto decoded = images::Decoder().decode(encoded, decode);
  if (!decoded) return std::unexpected(decoded.error().reason);
  const images::Image& image = decoded->image;
  const images::ImageSize size = shrunken(image.size(), options.max_side);
  auto jpeg = size == image.size()
                  ? images::encode_jpeg(image, {.quality = options.quality})
                  : images::encode_jpeg(images::resize(image, size), {.quality = options.quality});
  if (!jpeg) return std::unexpected(jpeg.error().message);
  return Thumbnail{.size = size, .jpeg = std::move(*jpeg)};
}

}  // namespace assay::predict

/// \file
/// Small pictures of a source's images, for people to look at.

#pragma once

#include "archives/entry_source.h"
#include "images/decode.h"
#include "images/image.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::review {

struct ThumbnailOptions {
  /// Of the longer side, in pixels; smaller images stay as they are.
  std::uint32_t max_side = 256;
  /// As libjpeg counts it.
  int quality = 72;
  images::ExifOrientation orientation = images::ExifOrientation::kIgnore;
};

struct Thumbnail {
  images::ImageSize size;
  std::vector<std::byte> jpeg;
};

/// Find `entry` in the source, decode it and make it small; or say in a few words why there is no
/// picture: that is one image's fate. With `crc32`, an entry of other bytes is refused, since what
/// was decided is not about them.
///
/// Threads: safe from any thread. Cost: as decoding, with the whole image in memory.
std::expected<Thumbnail, std::string> make_thumbnail(const archives::EntrySource& source,
                                                     std::string_view entry,
                                                     std::optional<std::int64_t> crc32,
                                                     const ThumbnailOptions& options);

}  // namespace assay::review

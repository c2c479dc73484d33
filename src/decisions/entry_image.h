/// \file
/// One image of a source, decoded, by the path that a database has of it.

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

namespace assay::decisions {

/// The candidate of this path, of several the one that can be read.
std::optional<std::size_t> find_entry(const archives::EntrySource& source, std::string_view path);

/// Read and decode the entry of this index, or say in a few words why not: that is one image's
/// fate. With `crc32`, an entry of other bytes is refused, since what was decided is not about
/// them.
///
/// Threads: safe from any thread. Cost: as decoding, with the whole image in memory.
std::expected<images::Image, std::string> decode_entry(const archives::EntrySource& source,
                                                       std::size_t index,
                                                       std::optional<std::int64_t> crc32,
                                                       images::ExifOrientation orientation);

}  // namespace assay::decisions

/// \file
/// Snappy blocks, the usual compression of Parquet pages.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::tables {

/// The size that a block says it has when decompressed.
/// Errors: kCorrupt.
Result<std::size_t> snappy_size(std::span<const std::uint8_t> block);

/// Decompress a block into `into`, whose size is snappy_size(). Reads and writes nothing outside.
/// Errors: kCorrupt.
Status snappy_decompress(std::span<const std::uint8_t> block, std::span<std::uint8_t> into);

}  // namespace assay::tables

/// \file
/// Codes of a dictionary, as the pages of a column hold them.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay::tables {

/// Read `count` codes: the width of a code in a byte, then runs, of one code or of codes that stand
/// side by side (Parquet's RLE and bit-packing hybrid). Nothing above 32 bits.
/// Errors: kCorrupt.
Result<std::vector<std::uint32_t>> decode_codes(std::span<const std::byte> bytes,
                                                std::size_t count);

}  // namespace assay::tables

/// \file
/// CRC-32C (Castagnoli), the checksum of our journals.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay {

/// Compute the CRC-32C of RFC 3720. `seed` is the result over the bytes before these, so that
/// crc32c(b, crc32c(a)) is that of a followed by b.
/// Cost: 8 bytes in three cycles where the CPU has SSE4.2, a table otherwise.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);

}  // namespace assay

/// \file
/// The two ways to compute CRC-32C, for the test that holds them against each other.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay {

using Crc32cFunction = std::uint32_t (*)(std::span<const std::byte> bytes, std::uint32_t seed);

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t seed);

/// Null where this CPU has no instruction for it.
Crc32cFunction crc32c_by_instruction();

}  // namespace assay

/// \file
/// BLAKE2b (RFC 7693) without a key.

#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace assay::crypto {

std::array<std::byte, 32> blake2b_256(std::span<const std::byte> bytes);
std::array<std::byte, 64> blake2b_512(std::span<const std::byte> bytes);

}  // namespace assay::crypto

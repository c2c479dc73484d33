/// \file
/// The permutation Keccak-f[1600] (FIPS 202, 3.3), bare: for constructions that are not SHA-3.

#pragma once

#include <array>
#include <cstddef>

namespace assay::crypto {

inline constexpr std::size_t kKeccakStateSize = 200;

/// Lanes are read and written little-endian. Takes the same time for every state.
void keccak_f1600(std::array<std::byte, kKeccakStateSize>& state);

}  // namespace assay::crypto

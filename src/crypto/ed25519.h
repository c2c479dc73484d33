/// \file
/// Ed25519 signatures (RFC 8032), checked only: nothing of ours signs by them.

#pragma once

#include <cstddef>
#include <span>

namespace assay::crypto {

/// Whether the holder of `public_key` signed exactly this message. Keys and signatures that are not
/// canonical, and keys of small order, for which anything would hold, are refused.
bool verify_ed25519(std::span<const std::byte, 32> public_key, std::span<const std::byte> message,
                    std::span<const std::byte, 64> signature);

}  // namespace assay::crypto

/// \file
/// SHA-512 of secrets.

#pragma once

#include "crypto/secret_bytes.h"

#include <cstddef>
#include <span>

namespace assay::crypto {

/// Hash a message of which nothing stays behind.
void sha512(std::span<const std::byte> message, std::span<std::byte, 64> into);

}  // namespace assay::crypto

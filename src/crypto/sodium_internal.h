/// \file
/// Bytes as libsodium wants them, and its start.

#pragma once

#include "core/check.h"

#include <sodium.h>

#include <cstddef>
#include <span>

namespace assay::crypto {

/// Choose the implementations for this processor, once a process, before anything is computed.
inline void ensure_sodium() {
  static const int kStarted = sodium_init();
  CHECK(kStarted >= 0, "libsodium did not start");
}

inline const unsigned char* sodium_input(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* sodium_output(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace assay::crypto

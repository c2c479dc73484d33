/// \file
/// A secret of a fixed size: a scalar, a seed, a cipher's key.

#pragma once

#include "crypto/secret.h"

#include <array>
#include <cstddef>
#include <span>

namespace assay::crypto {

inline void wipe(std::span<std::byte> memory) {
  wipe(std::span<char>(reinterpret_cast<char*>(memory.data()), memory.size()));
}

/// Zero at first. Nothing prints or compares it; the bytes are wiped when it goes.
template <std::size_t Size>
class SecretBytes {
 public:
  static constexpr std::size_t kSize = Size;

  SecretBytes() = default;
  /// Copies `bytes`; the caller's own copy is the caller's to wipe.
  explicit SecretBytes(std::span<const std::byte, Size> bytes) {
    for (std::size_t i = 0; i < Size; ++i) bytes_[i] = bytes[i];
  }
  SecretBytes(SecretBytes&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(bytes_); }

  /// A second one; spelled out, because each copy is one more to lose.
  SecretBytes copy() const { return SecretBytes(reveal()); }

  /// Lifetime: valid as long as this object.
  std::span<const std::byte, Size> reveal() const { return bytes_; }
  /// To be filled in place. Lifetime: as reveal().
  std::span<std::byte, Size> fill() { return bytes_; }

 private:
  std::array<std::byte, Size> bytes_{};
};

}  // namespace assay::crypto

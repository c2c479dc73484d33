/// \file
/// STROBE-128 (strobe.sourceforge.io/specs, version 1.0.2), the operations that Merlin needs.

#pragma once

#include "crypto/keccak.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace assay::crypto {

/// Whether a call continues the operation of the call before it.
enum class StrobePart { kFirst, kMore };

/// A duplex over Keccak-f[1600] with the rate of 128-bit security. The state is wiped when it goes.
/// Threads: one thread at a time.
class Strobe128 {
 public:
  explicit Strobe128(std::string_view protocol);
  Strobe128(const Strobe128&) = default;
  Strobe128& operator=(const Strobe128&) = default;
  Strobe128(Strobe128&&) = default;
  Strobe128& operator=(Strobe128&&) = default;
  ~Strobe128();

  /// Absorb data about the data that follows.
  void meta_ad(std::span<const std::byte> data, StrobePart part);
  void meta_ad(std::string_view data, StrobePart part);
  /// Absorb data that both sides know.
  void ad(std::span<const std::byte> data, StrobePart part);
  /// Mix a key in, so that the state before cannot be found from the state after.
  void key(std::span<const std::byte> data, StrobePart part);
  /// Fill `into` with pseudorandom bytes that depend on everything before.
  void prf(std::span<std::byte> into, StrobePart part);

 private:
  void begin(std::uint8_t flags, StrobePart part);
  void absorb(std::span<const std::byte> data);
  void run_permutation();

  std::array<std::byte, kKeccakStateSize> state_{};
  std::uint8_t position_ = 0;
  std::uint8_t operation_start_ = 0;
  std::uint8_t flags_ = 0;
};

}  // namespace assay::crypto

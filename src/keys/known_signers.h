/// \file
/// Checks of signatures where the same few sign again and again.

#pragma once

#include "crypto/schnorr_equation.h"
#include "keys/ss58.h"

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

namespace assay::keys {

/// Keeps the keys of those whose signatures held prepared: their next ones take three fifths of the
/// time. Who never signed well costs no memory. Threads: safe from any thread.
class KnownSigners {
 public:
  /// As many as a subnet has validators; for one more an older one is forgotten.
  static constexpr std::size_t kMaxSigners = 64;

  /// As keys::verify().
  bool verify(const Hotkey& signer, std::span<const std::byte> message,
              std::span<const std::byte, 64> signature);

  std::size_t size() const;

 private:
  std::optional<crypto::PreparedSigner> find(const Hotkey& signer) const;

  mutable std::mutex mutex_;  // guards prepared_
  std::unordered_map<Hotkey, crypto::PreparedSigner> prepared_;
};

}  // namespace assay::keys

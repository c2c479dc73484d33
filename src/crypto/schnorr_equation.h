/// \file
/// The equation of a Schnorr signature on ristretto255, for who checks one.

#pragma once

#include "crypto/ristretto.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

namespace assay::crypto {

/// Whether `commitment` is `scalar` times the generator less `challenge` times `signer`; not if one
/// of the two is no element. The scalars are canonical.
/// All of these are public: the time it takes tells of them.
/// Cost: two fifths of what the operations of `ristretto` take, one by one.
bool schnorr_equation_holds(const RistrettoPoint& commitment, std::span<const std::byte, 32> scalar,
                            std::span<const std::byte, 32> challenge, const RistrettoPoint& signer);

/// A signer of many messages: decoded, and multiplied by more numbers than pays for one.
/// Immutable and cheap to copy: 20 kB, shared. Threads: safe from any thread.
class PreparedSigner {
 public:
  /// Nothing when it is no element. Cost: that of a check and a half.
  static std::optional<PreparedSigner> prepare(const RistrettoPoint& signer);

 private:
  struct Tables;
  friend bool schnorr_equation_holds(const RistrettoPoint& commitment,
                                     std::span<const std::byte, 32> scalar,
                                     std::span<const std::byte, 32> challenge,
                                     const PreparedSigner& signer);
  std::shared_ptr<const Tables> tables_;
};

/// The same in three fifths of the time.
bool schnorr_equation_holds(const RistrettoPoint& commitment, std::span<const std::byte, 32> scalar,
                            std::span<const std::byte, 32> challenge, const PreparedSigner& signer);

}  // namespace assay::crypto

/// \file
/// sr25519: Schnorr signatures on ristretto255, in the context that Substrate's chains use.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "crypto/schnorr_equation.h"
#include "crypto/secret_bytes.h"
#include "keys/ss58.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace assay::keys {

/// An encoded point and a scalar, with the top bit set that tells this kind from ed25519.
using Signature = std::array<std::byte, 64>;

/// What a key grows from: 32 random bytes.
using Seed = crypto::SecretBytes<32>;

/// A hotkey that can sign. The secret half is wiped when it goes. Threads: sign() is safe from any
/// thread if `random` is.
class KeyPair {
 public:
  /// The pair that Substrate's tools make of this seed ("mini-secret", expanded as for ed25519).
  static KeyPair from_seed(const Seed& seed);
  /// A pair kept as scalar and nonce. Errors: kInvalidInput (no canonical scalar, or zero).
  static Result<KeyPair> from_secret(const crypto::SecretBytes<64>& secret);

  const Hotkey& hotkey() const { return hotkey_; }

  /// Sign. Two signatures of one message differ; a `random` that repeats itself leaks nothing.
  /// Cost: one multiplication of the generator.
  Signature sign(std::span<const std::byte> message, RandomSource& random) const;

  /// Scalar and nonce, as from_secret() takes them: to be written to a keyfile.
  crypto::SecretBytes<64> secret() const;

 private:
  KeyPair(crypto::SecretBytes<32> scalar, crypto::SecretBytes<32> nonce, const Hotkey& hotkey);

  crypto::SecretBytes<32> scalar_;
  crypto::SecretBytes<32> nonce_;
  Hotkey hotkey_;
};

/// Whether the holder of `signer` signed exactly this message. Only canonical signatures are: a
/// signature cannot be turned into another one that is also true.
bool verify(const Hotkey& signer, std::span<const std::byte> message,
            std::span<const std::byte, 64> signature);

/// The same for a signer whose key is prepared. Pre: `prepared` is that of `signer`.
bool verify(const Hotkey& signer, const crypto::PreparedSigner& prepared,
            std::span<const std::byte> message, std::span<const std::byte, 64> signature);

/// `0x` and 128 lower-case digits.
std::string to_text(const Signature& signature);
/// Read exactly what to_text() writes. Errors: kInvalidInput.
Result<Signature> parse_signature(std::string_view text);

}  // namespace assay::keys

/// \file
/// Boxes locked by a password: XSalsa20-Poly1305 (NaCl's secretbox) under a key from Argon2i.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "crypto/secret.h"
#include "crypto/secret_bytes.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace assay::crypto {

inline constexpr std::size_t kSecretboxNonceSize = 24;
inline constexpr std::size_t kSecretboxOverhead = 16;
inline constexpr std::size_t kArgon2SaltSize = 16;

/// How hard a password is to try. The defaults are those of libsodium's "sensitive" level: about
/// three seconds and half a gigabyte for each try.
struct Argon2Cost {
  std::uint64_t num_passes = 8;
  ByteCount memory = ByteCount(std::uint64_t{512} << 20);
};

/// The key that Argon2i (version 1.3, one lane) makes of a password.
/// Errors: kExhausted (the machine does not give the memory).
Result<SecretBytes<32>> key_of_password(const Secret& password,
                                        std::span<const std::byte, kArgon2SaltSize> salt,
                                        const Argon2Cost& cost = {});

/// Open a box. Errors: kDenied (another key, or changed bytes), kCorrupt (shorter than any box).
Result<Secret> open_secretbox(std::span<const std::byte> box,
                              std::span<const std::byte, kSecretboxNonceSize> nonce,
                              const SecretBytes<32>& key);

/// Lock `text` into a box. Pre: a nonce serves once for each key.
std::string make_secretbox(const Secret& text,
                           std::span<const std::byte, kSecretboxNonceSize> nonce,
                           const SecretBytes<32>& key);

}  // namespace assay::crypto

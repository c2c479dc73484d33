/// \file
/// RS256: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3).

#pragma once

#include "core/result.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace assay::crypto {

/// An RSA private key. No error shows any of it.
/// Threads: sign_rs256() is safe from any thread.
class RsaPrivateKey {
 public:
  /// Read an unencrypted PEM block (PKCS #8 or PKCS #1).
  /// Errors: kInvalidInput (not PEM, encrypted, not RSA, under 1,024 bits).
  static Result<RsaPrivateKey> parse_pem(std::string_view pem);

  /// Errors: kInternal (the crypto library refuses).
  Result<std::vector<std::byte>> sign_rs256(std::span<const std::byte> message) const;

 private:
  struct Deleter {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Deleter>;

  explicit RsaPrivateKey(Key key);

  Key key_;
};

}  // namespace assay::crypto

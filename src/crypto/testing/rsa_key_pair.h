/// \file
/// RSA keys made on the spot, so that no private key stands in the repository.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_pkey_st;

namespace assay::crypto::testing {

class RsaKeyPair {
 public:
  explicit RsaKeyPair(unsigned bits);

  /// PKCS #8, as a service account's key file has it.
  std::string private_pem() const;
  /// The same, under a password.
  std::string encrypted_pem() const;
  /// Whether the public half accepts an RS256 signature.
  bool accepts(std::span<const std::byte> message, std::span<const std::byte> signature) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

/// One pair of 2,048 bits for the whole test program, because making one takes a while.
const RsaKeyPair& shared_rsa_key_pair();

/// A key of another kind.
std::string elliptic_curve_pem();

}  // namespace assay::crypto::testing

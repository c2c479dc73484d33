#include "crypto/ed25519.h"

#include "crypto/sodium_internal.h"

namespace assay::crypto {

bool verify_ed25519(std::span<const std::byte, 32> public_key, std::span<const std::byte> message,
                    std::span<const std::byte, 64> signature) {
  ensure_sodium();
  return crypto_sign_verify_detached(sodium_input(signature), sodium_input(message), message.size(),
                                     sodium_input(public_key)) == 0;
}

}  // namespace assay::crypto

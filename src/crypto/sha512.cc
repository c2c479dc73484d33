#include "crypto/sha512.h"

#include "crypto/sodium_internal.h"

namespace assay::crypto {

void sha512(std::span<const std::byte> message, std::span<std::byte, 64> into) {
  ensure_sodium();
  static_assert(crypto_hash_sha512_BYTES == 64);
  CHECK(crypto_hash_sha512(sodium_output(into), sodium_input(message), message.size()) == 0,
        "SHA-512 did not finish");
}

}  // namespace assay::crypto

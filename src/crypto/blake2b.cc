#include "crypto/blake2b.h"

#include "crypto/sodium_internal.h"

namespace assay::crypto {
namespace {

template <std::size_t Size>
std::array<std::byte, Size> blake2b(std::span<const std::byte> bytes) {
  static_assert(Size >= crypto_generichash_blake2b_BYTES_MIN &&
                Size <= crypto_generichash_blake2b_BYTES_MAX);
  ensure_sodium();
  std::array<std::byte, Size> digest;
  CHECK(crypto_generichash_blake2b(sodium_output(digest), Size, sodium_input(bytes), bytes.size(),
                                   nullptr, 0) == 0,
        "BLAKE2b did not finish");
  return digest;
}

}  // namespace

std::array<std::byte, 32> blake2b_256(std::span<const std::byte> bytes) {
  return blake2b<32>(bytes);
}

std::array<std::byte, 64> blake2b_512(std::span<const std::byte> bytes) {
  return blake2b<64>(bytes);
}

}  // namespace assay::crypto

#include "crypto/ristretto.h"

#include "crypto/sodium_internal.h"

#include <algorithm>

namespace assay::crypto {

static_assert(crypto_core_ristretto255_BYTES == 32);
static_assert(crypto_core_ristretto255_SCALARBYTES == 32);
static_assert(crypto_core_ristretto255_NONREDUCEDSCALARBYTES == 64);

bool is_valid_point(std::span<const std::byte, 32> point) {
  ensure_sodium();
  return crypto_core_ristretto255_is_valid_point(sodium_input(point)) == 1;
}

bool is_canonical_scalar(std::span<const std::byte, 32> scalar) {
  SecretBytes<64> wide;
  std::ranges::copy(scalar, wide.fill().begin());
  SecretBytes<32> reduced;
  reduce_scalar(wide.reveal(), reduced.fill());
  return sodium_memcmp(scalar.data(), reduced.reveal().data(), scalar.size()) == 0;
}

void reduce_scalar(std::span<const std::byte, 64> wide, std::span<std::byte, 32> into) {
  ensure_sodium();
  crypto_core_ristretto255_scalar_reduce(sodium_output(into), sodium_input(wide));
}

void multiply_add_scalar(std::span<const std::byte, 32> a, std::span<const std::byte, 32> b,
                         std::span<const std::byte, 32> c, std::span<std::byte, 32> into) {
  ensure_sodium();
  SecretBytes<32> product;
  crypto_core_ristretto255_scalar_mul(sodium_output(product.fill()), sodium_input(a),
                                      sodium_input(b));
  crypto_core_ristretto255_scalar_add(sodium_output(into), sodium_input(product.reveal()),
                                      sodium_input(c));
}

std::optional<RistrettoPoint> multiply_generator(std::span<const std::byte, 32> scalar) {
  ensure_sodium();
  RistrettoPoint product;
  if (crypto_scalarmult_ristretto255_base(sodium_output(product), sodium_input(scalar)) != 0) {
    return std::nullopt;
  }
  return product;
}

std::optional<RistrettoPoint> multiply_point(std::span<const std::byte, 32> scalar,
                                             const RistrettoPoint& point) {
  ensure_sodium();
  RistrettoPoint product;
  if (crypto_scalarmult_ristretto255(sodium_output(product), sodium_input(scalar),
                                     sodium_input(point)) != 0) {
    return std::nullopt;
  }
  return product;
}

std::optional<RistrettoPoint> subtract_points(const RistrettoPoint& left,
                                              const RistrettoPoint& right) {
  ensure_sodium();
  RistrettoPoint difference;
  if (crypto_core_ristretto255_sub(sodium_output(difference), sodium_input(left),
                                   sodium_input(right)) != 0) {
    return std::nullopt;
  }
  return difference;
}

}  // namespace assay::crypto

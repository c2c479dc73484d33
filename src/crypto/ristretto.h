/// \file
/// The group ristretto255 (RFC 9496) and the integers modulo its order.

#pragma once

#include "crypto/secret_bytes.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace assay::crypto {

/// An encoded element. Not every 32 bytes are one: is_valid_point().
using RistrettoPoint = std::array<std::byte, 32>;
/// An integer modulo the order, little-endian. Secret ones are kept as SecretBytes<32>.
using RistrettoScalar = std::array<std::byte, 32>;

/// Whether these bytes are the one encoding of an element.
bool is_valid_point(std::span<const std::byte, 32> point);
/// Whether the integer is smaller than the order: the one encoding of its class.
bool is_canonical_scalar(std::span<const std::byte, 32> scalar);

/// 512 bits to a scalar without bias that matters. In the same time for all input.
void reduce_scalar(std::span<const std::byte, 64> wide, std::span<std::byte, 32> into);
/// `a` * `b` + `c`. In the same time for all input.
void multiply_add_scalar(std::span<const std::byte, 32> a, std::span<const std::byte, 32> b,
                         std::span<const std::byte, 32> c, std::span<std::byte, 32> into);

/// `scalar` times the generator; nothing when that is the neutral element. In the same time for all
/// scalars.
std::optional<RistrettoPoint> multiply_generator(std::span<const std::byte, 32> scalar);
/// `scalar` times `point`; nothing when that is the neutral element, or `point` no element.
std::optional<RistrettoPoint> multiply_point(std::span<const std::byte, 32> scalar,
                                             const RistrettoPoint& point);
/// `left` - `right`; nothing when one of them is no element.
std::optional<RistrettoPoint> subtract_points(const RistrettoPoint& left,
                                              const RistrettoPoint& right);

}  // namespace assay::crypto

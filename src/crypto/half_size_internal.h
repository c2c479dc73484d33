/// \file
/// A scalar of ristretto255 as a fraction of two numbers of half its size, for public values.

#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace assay::crypto {

/// Little-endian and below 2^127, with room for a whole scalar.
using HalfSizeScalar = std::array<std::byte, 32>;

/// `numerator` = scalar * `denominator` modulo the order, where the denominator is never zero; it
/// counts as below zero if `is_negative`.
struct HalfSizeFraction {
  HalfSizeScalar numerator;
  HalfSizeScalar denominator;
  bool is_negative = false;
};

/// Pre: `scalar` is canonical.
/// Source: Antipa et al., "Accelerated Verification of ECDSA Signatures" (SAC 2005): Euclid's
/// algorithm on order and scalar, stopped half way.
HalfSizeFraction half_size_fraction(std::span<const std::byte, 32> scalar);

}  // namespace assay::crypto

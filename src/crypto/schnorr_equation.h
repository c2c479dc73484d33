/// \file
/// The equation of a Schnorr signature on ristretto255, for who checks one.

#pragma once

#include "crypto/ristretto.h"

#include <cstddef>
#include <span>

namespace assay::crypto {

/// Whether `commitment` is `scalar` times the generator less `challenge` times `signer`; not if one
/// of the two is no element. The scalars are canonical.
/// All of these are public: the time it takes tells of them.
/// Cost: half of what the operations of `ristretto` take, one by one.
bool schnorr_equation_holds(const RistrettoPoint& commitment, std::span<const std::byte, 32> scalar,
                            std::span<const std::byte, 32> challenge, const RistrettoPoint& signer);

}  // namespace assay::crypto

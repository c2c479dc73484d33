/// \file
/// Pairs of hotkeys that everybody has.

#pragma once

#include "keys/sr25519.h"

namespace assay::protocol::testing {

/// Substrate's development accounts //Alice and //Bob, and one that is neither.
const keys::KeyPair& alice();
const keys::KeyPair& bob();
const keys::KeyPair& eve();

}  // namespace assay::protocol::testing

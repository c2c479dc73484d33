/// \file
/// The sidecar's program, which comes within ours, so that the two always fit.

#pragma once

#include <string_view>

namespace assay::chain {

/// The text of sidecar/chain_sidecar.py.
std::string_view sidecar_program();

}  // namespace assay::chain

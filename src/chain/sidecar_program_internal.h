/// \file
/// The sidecar's program, which comes within ours, so that the two always fit.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::chain {

/// The text of sidecar/chain_sidecar.py.
std::string_view sidecar_program();

/// Python's arguments to run it. Isolated: no variable, no folder of the user and none of ours adds
/// code.
inline std::vector<std::string> sidecar_arguments() {
  return {"-I", "-c", std::string(sidecar_program())};
}

}  // namespace assay::chain

/// \file
/// The packages that this program was tested with.

#pragma once

#include <string>
#include <string_view>

namespace assay::chain_sdk {

/// The text of deps/chain-wheels.txt: each package with its version and the hash of its wheel.
std::string_view pinned_packages();

/// The Python that those wheels are for: `3.11`.
inline constexpr std::string_view kPinnedPython = "3.11";

/// The version of `package` in a list of that form, or nothing.
std::string version_in(std::string_view packages, std::string_view package);

}  // namespace assay::chain_sdk

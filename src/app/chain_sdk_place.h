/// \file
/// Where the SDK for real chains lies on this machine.

#pragma once

#include "core/config.h"

#include <filesystem>

namespace assay::app {

/// The folder of its environments: $XDG_DATA_HOME/assay/chain-sdk, by default below ~/.local/share.
std::filesystem::path chain_sdk_folder();

/// The Python that runs it: the setting `chain.python`, else that of the environment which `assay
/// chain install` made; empty when there is neither. A broken note of the latter is told by a
/// warning.
std::filesystem::path chain_python(const Config& config);

}  // namespace assay::app

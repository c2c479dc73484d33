/// \file
/// The commands of the chain that lie in files of their own.

#pragma once

#include "cli/command_internal.h"

#include <CLI/CLI.hpp>

namespace assay::cli {

void add_chain_sdk_commands(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

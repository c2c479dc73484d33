/// \file
/// The commands of the miner.

#pragma once

#include "cli/command_internal.h"

namespace assay::cli {

void add_miner_run_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

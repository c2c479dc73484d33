/// \file
/// `assay models fetch`.

#pragma once

#include "cli/command_internal.h"

namespace assay::cli {

void add_models_fetch_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

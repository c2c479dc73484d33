/// \file
/// `assay up`.

#pragma once

#include "cli/command_internal.h"

namespace assay::cli {

void add_up_command(CommandTree& tree);

}  // namespace assay::cli

/// \file
/// The commands of the history desk.

#pragma once

#include "cli/command_internal.h"

namespace assay::cli {

void add_analyze_command(CommandTree& tree, CLI::App& group);
void add_append_command(CommandTree& tree, CLI::App& group);
void add_history_export_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

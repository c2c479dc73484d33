/// \file
/// The commands of the validator desk.

#pragma once

#include "cli/command_internal.h"

#include <CLI/CLI.hpp>

namespace assay::cli {

void add_validator_score_command(CommandTree& tree, CLI::App& group);
void add_validator_simulate_command(CommandTree& tree, CLI::App& group);
void add_validator_export_jobs_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

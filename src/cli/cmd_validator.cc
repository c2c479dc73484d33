#include "cli/command_internal.h"
#include "cli/validator_options_internal.h"

namespace assay::cli {

void add_validator_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "validator", "Ask miners, score their answers, and see who would earn what.");
  add_validator_run_command(tree, group);
  add_validator_status_command(tree, group);
  add_validator_ask_command(tree, group);
  add_validator_replay_command(tree, group);
  add_validator_score_command(tree, group);
  add_validator_simulate_command(tree, group);
  add_validator_export_jobs_command(tree, group);
  add_validator_token_command(tree, group);
  add_validator_state_commands(tree, group);
}

}  // namespace assay::cli

#include "cli/command_internal.h"
#include "cli/miner_options_internal.h"

namespace assay::cli {

void add_miner_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "miner", "Answer the challenges of validators, and generate what they order.");
  add_miner_run_command(tree, group);
}

}  // namespace assay::cli

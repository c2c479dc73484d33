#include "cli/audit_options_internal.h"
#include "cli/command_internal.h"

namespace assay::cli {

void add_audit_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "audit", "Find the miners who claim success for images that do not exist.");
  add_inspect_command(tree, group);
  add_missing_command(tree, group);
  add_flag_command(tree, group);
  add_verify_command(tree, group);
  add_run_command(tree, group);
  add_diff_command(tree, group);
  add_redact_command(tree, group);
}

}  // namespace assay::cli

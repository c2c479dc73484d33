#include "cli/command_internal.h"
#include "cli/history_manage_options_internal.h"
#include "cli/history_options_internal.h"

namespace assay::cli {

void add_history_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(tree.root(), "history",
                                           "The record of every generation a miner makes.");
  add_analyze_command(tree, group);
  add_append_command(tree, group);
  add_history_export_command(tree, group);
  add_status_command(tree, group);
  add_doctor_command(tree, group);
  add_rotate_command(tree, group);
  add_backup_command(tree, group);
  add_restore_command(tree, group);
  add_prune_command(tree, group);
  add_import_command(tree, group);
}

}  // namespace assay::cli

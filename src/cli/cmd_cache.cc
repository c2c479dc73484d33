#include "cli/cache_options_internal.h"
#include "cli/command_internal.h"

namespace assay::cli {

void add_cache_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "cache", "Keep the images that a validator asks about, and draw from them.");
  add_cache_import_command(tree, group);
  add_cache_update_command(tree, group);
  add_cache_generate_command(tree, group);
  add_cache_status_command(tree, group);
  add_cache_label_command(tree, group);
  add_cache_sample_command(tree, group);
  add_cache_verify_command(tree, group);
  add_cache_doctor_command(tree, group);
  add_cache_export_command(tree, group);
  add_cache_contact_sheet_command(tree, group);
  add_cache_gc_command(tree, group);
}

}  // namespace assay::cli

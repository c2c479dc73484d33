#include "cli/command_internal.h"
#include "cli/predict_options_internal.h"

namespace assay::cli {

void add_predict_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "predict", "Which image of each group to take, and how to crop it.");
  add_predict_plan_command(tree, group);
  add_predict_run_command(tree, group);
  add_predict_merge_shards_command(tree, group);
  add_predict_embed_command(tree, group);
  add_predict_embeddings_commands(tree, group);
  add_predict_group_command(tree, group);
  add_predict_validate_command(tree, group);
  add_predict_merge_command(tree, group);
  add_predict_finals_command(tree, group);
  add_predict_evaluate_command(tree, group);
  add_predict_export_command(tree, group);
  add_predict_report_command(tree, group);
  add_predict_dupes_command(tree, group);
}

}  // namespace assay::cli

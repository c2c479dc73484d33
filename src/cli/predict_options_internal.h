/// \file
/// Options that several predict commands share.

#pragma once

#include "cli/command_internal.h"
#include "core/result.h"
#include "grouping/group_id.h"
#include "grouping/grouping.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <string>

namespace assay::cli {

/// Which images belong together, and what a group is called.
struct GroupingFlags {
  std::string mode = "strict";
  std::string time_gap;
  std::size_t lookahead = grouping::GroupingOptions().lookahead;
  std::string group_id = "stable";

  void add_to(CLI::App& command);
  /// Errors of both: kInvalidInput; the values were checked when they were read.
  Result<grouping::GroupingOptions> options() const;
  Result<grouping::GroupIdForm> id_form() const;
};

void add_predict_embed_command(CommandTree& tree, CLI::App& group);
void add_predict_embeddings_commands(CommandTree& tree, CLI::App& group);
void add_predict_evaluate_command(CommandTree& tree, CLI::App& group);
void add_predict_export_command(CommandTree& tree, CLI::App& group);
void add_predict_finals_command(CommandTree& tree, CLI::App& group);
void add_predict_group_command(CommandTree& tree, CLI::App& group);
void add_predict_plan_command(CommandTree& tree, CLI::App& group);
void add_predict_run_command(CommandTree& tree, CLI::App& group);
void add_predict_dupes_command(CommandTree& tree, CLI::App& group);
void add_predict_report_command(CommandTree& tree, CLI::App& group);
void add_predict_merge_command(CommandTree& tree, CLI::App& group);
void add_predict_merge_shards_command(CommandTree& tree, CLI::App& group);
void add_predict_validate_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

#include "cli/predict_options_internal.h"
#include "files/file_system.h"
#include "predict/plan.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct PlanFlags {
  std::string source;
  std::string root = "data";
  std::string table;
  GroupingFlags grouping;
  predict::DoneProjects done = predict::DoneProjects::kSkip;
  bool writes_table = true;
};

/// What is said below the plan: about the table, and what the user must do.
std::string advice(const predict::Plan& plan, const PlanFlags& flags) {
  const std::string table = plan.table.native();
  std::string text = "\n";
  if (plan.table_origin == predict::Plan::Table::kRead) {
    text += fmt::format("The projects are those of {}.\n", table);
  } else if (flags.writes_table) {
    text += fmt::format("Wrote {}; edit it to change which source is which project.\n", table);
  }
  if (plan.has_gaps()) {
    text += fmt::format(
        "Some sources are ambiguous or cannot be read: see above, then edit {} or remove their "
        "rows.\n",
        table);
  }
  return text;
}

Result<ExitCode> run_plan(const PlanFlags& flags, Session& session) {
  predict::PlanOptions options{
      .source = flags.source, .tree = predict::DataTree(flags.root), .done = flags.done};
  if (!flags.table.empty()) options.table = flags.table;
  ASSIGN_OR_RETURN(options.grouping, flags.grouping.options());
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const predict::Plan plan,
                   predict::make_plan(file_system, options, session.stop));
  if (plan.table_origin == predict::Plan::Table::kProposed && flags.writes_table) {
    RETURN_IF_ERROR(
        predict::write_project_table(file_system, plan.table, predict::table_rows(plan)));
  }
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print(to_json(plan)));
  } else {
    RETURN_IF_ERROR(print(to_text(plan) + advice(plan, flags)));
  }
  if (plan.is_missing_models()) return ExitCode::kMissing;
  return plan.has_gaps() ? ExitCode::kPartial : ExitCode::kOk;
}

}  // namespace

void add_predict_plan_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App& command = tree.add_command(
      group, "plan", "Show what a batch would do, and what is missing for it.",
      {"assay predict plan --source /Volumes/original",
       "assay predict plan --source /Volumes/original --root data --mode compat --json"},
      [flags](Session& session) { return run_plan(*flags, session); });
  add_option(command, "--source", flags->source,
             "The folder of zips and folders of images; it is only read.")
      ->required()
      ->type_name("DIR");
  add_option(command, "--root", flags->root,
             "The folder of models, databases and logs, as the old tools have it.")
      ->type_name("DIR");
  add_option(command, "--table", flags->table,
             "The table of projects and sources, in place of ROOT/ai_data/projects.csv. Where "
             "there is no such table yet, it is written.")
      ->type_name("FILE");
  command.add_flag_callback(
      "--redo", [flags] { flags->done = predict::DoneProjects::kRedo; },
      "Count projects that are done as to do.");
  command.add_flag_callback(
      "--dry-run", [flags] { flags->writes_table = false; }, "Write no table.");
  flags->grouping.add_to(command);
}

}  // namespace assay::cli

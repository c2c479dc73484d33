#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "decision_merge/merge.h"
#include "files/file_system.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct MergeFlags {
  std::string predictions;
  std::string real;
  decision_merge::MergeMode mode = decision_merge::MergeMode::kApply;
};

Result<ExitCode> run_merge(const MergeFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const decision_merge::MergeReport report,
                   decision_merge::merge_decisions(files::posix_file_system(), flags.predictions,
                                                   flags.real, system_clock(), flags.mode));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report) : to_text(report)));
  return report.plan.conflicts.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_merge_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<MergeFlags>();
  CLI::App& command = tree.add_command(
      group, "merge", "Fill predictions into the database of a project; 4 when rows conflict.",
      {"assay predict merge mojo1_ai_predictions_temp.db mojo1.db --dry-run",
       "assay predict merge mojo1_ai_predictions_temp.db mojo1.db"},
      [flags](Session& session) { return run_merge(*flags, session); });
  command.add_option("temp", flags->predictions, "The database of predictions; it stays as it is.")
      ->required()
      ->type_name("TEMP");
  command
      .add_option("real", flags->real,
                  "The database to fill in. What is there stays; a backup is made beside it.")
      ->required()
      ->type_name("REAL");
  command.add_flag_callback(
      "--dry-run", [flags] { flags->mode = decision_merge::MergeMode::kDryRun; },
      "Show what would be filled in, and change nothing.");
}

}  // namespace assay::cli

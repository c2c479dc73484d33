#include "cli/predict_options_internal.h"
#include "core/log.h"
#include "files/file_system.h"
#include "review/evaluate.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace assay::cli {
namespace {

struct EvaluateFlags {
  std::string path;
  std::vector<std::string> trained_on;
};

Result<ExitCode> run_evaluate(const EvaluateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(
      const review::DecisionFolder folder,
      review::read_decision_folder(files::posix_file_system(), flags.path, session.stop));
  for (const std::string& problem : folder.problems) log_warning("left out: " + problem);
  const review::Evaluation evaluation =
      review::evaluate(folder.sources, {flags.trained_on.begin(), flags.trained_on.end()});
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? to_json(evaluation) : to_text(evaluation)));
  return folder.problems.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_evaluate_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App& command = tree.add_command(
      group, "evaluate", "Hold predictions against what the user chose, beside plain rules.",
      {"assay predict evaluate data/training/ai_training_decisions",
       "assay predict evaluate mojo3.db --trained-on mojo1 --trained-on mojo2 --json"},
      [flags](Session& session) { return run_evaluate(*flags, session); });
  command.add_option("real", flags->path, "A folder of databases, or one of them.")
      ->required()
      ->type_name("REAL");
  command
      .add_option("--trained-on", flags->trained_on,
                  "A project that the models were trained on: its figures stand apart. Repeated, "
                  "it adds.")
      ->type_name("ID")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace assay::cli

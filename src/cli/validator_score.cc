#include "cli/validator_options_internal.h"
#include "files/file_system.h"
#include "scoring/score_text.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct ScoreFlags {
  std::string history;
  scoring::Formula formula = scoring::Formula::kNatix;
};

Result<ExitCode> run_score(const ScoreFlags& flags, Session& session) {
  const auto form =
      session.output == OutputForm::kJson ? scoring::ScoreForm::kJson : scoring::ScoreForm::kText;
  scoring::ScoreWriter writer(flags.formula, form, print);
  BadLines bad_lines;
  ASSIGN_OR_RETURN(
      const scoring::AnswerHistoryCounts counts,
      scoring::read_answer_history(
          files::posix_file_system(), flags.history,
          [&](const scoring::RecordedAnswer& recorded) { return writer.add(recorded); },
          [&](std::string_view problem) { bad_lines.add(problem); }, session.stop));
  bad_lines.finish(flags.history);
  RETURN_IF_ERROR(writer.finish(counts));
  return counts.num_bad_lines == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_validator_score_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ScoreFlags>();
  CLI::App& command = tree.add_command(
      group, "score", "What a scorer would have paid for each answer.",
      {"assay validator score --history answers.jsonl",
       "assay validator score --history answers.jsonl --formula calibrated --json"},
      [flags](Session& session) { return run_score(*flags, session); });
  add_option(command, "--history", flags->history,
             "Lines of uid, hotkey, label (0 or 1), prediction (or null), in order.")
      ->required()
      ->type_name("JSONL");
  command
      .add_option_function<std::string>(
          "--formula",
          [flags](const std::string& name) {
            if (const auto formula = scoring::parse_formula(name)) flags->formula = *formula;
          },
          "natix or calibrated.")
      ->check([](const std::string& name) {
        const auto formula = scoring::parse_formula(name);
        return formula ? std::string() : formula.error().message;
      })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->default_str("natix")
      ->type_name("NAME");
}

}  // namespace assay::cli

#include "cli/validator_options_internal.h"
#include "core/random.h"
#include "files/file_system.h"
#include "scoring/simulate.h"
#include "scoring/synthetic_fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

constexpr std::int64_t kMaxSyntheticChallenges = 1'000'000;
/// Each takes some 150 bytes.
constexpr std::size_t kMaxSyntheticAnswers = 10'000'000;

struct SimulateFlags {
  std::string history;
  std::string fleet = "skilled=2,fair=2,guessing=1,yes=1,copying=1,silent=1";
  std::int64_t challenges = 200;
  std::uint64_t seed = 1;
  std::vector<std::string> formulas;
  scoring::CopyPolicy copy_policy = scoring::CopyPolicy::kReport;
};

/// What is to be simulated.
struct History {
  std::vector<scoring::RecordedAnswer> answers;
  std::vector<scoring::KnownConduct> known;
  std::uint64_t num_bad_lines = 0;
};

Result<History> read_history(const SimulateFlags& flags, Session& session) {
  History history;
  BadLines bad_lines;
  ASSIGN_OR_RETURN(const scoring::AnswerHistoryCounts counts,
                   scoring::read_answer_history(
                       files::posix_file_system(), flags.history,
                       [&](const scoring::RecordedAnswer& recorded) -> Status {
                         history.answers.push_back(recorded);
                         return {};
                       },
                       [&](std::string_view problem) { bad_lines.add(problem); }, session.stop));
  bad_lines.finish(flags.history);
  history.num_bad_lines = counts.num_bad_lines;
  return history;
}

Result<History> make_history(const SimulateFlags& flags) {
  History history;
  ASSIGN_OR_RETURN(const auto fleet, scoring::parse_fleet(flags.fleet));
  if (fleet.size() * static_cast<std::size_t>(flags.challenges) > kMaxSyntheticAnswers) {
    return exhausted(
        fmt::format("{} miners and {} challenges are more than {} answers: ask for fewer",
                    fleet.size(), flags.challenges, kMaxSyntheticAnswers));
  }
  SeededRandom random(flags.seed);
  history.answers =
      scoring::synthetic_history(fleet, static_cast<std::size_t>(flags.challenges), random);
  for (const scoring::FleetMember& member : fleet) {
    history.known.push_back({.hotkey = member.hotkey,
                             .conduct = scoring::is_honest(member.character)
                                            ? scoring::Conduct::kHonest
                                            : scoring::Conduct::kLazy,
                             .kind = std::string(to_string(member.character))});
  }
  return history;
}

Result<ExitCode> run_simulate(const SimulateFlags& flags, Session& session) {
  scoring::SimulateOptions options;
  options.copy_policy = flags.copy_policy;
  if (!flags.formulas.empty()) options.formulas.clear();
  for (const std::string& name : flags.formulas) {
    ASSIGN_OR_RETURN(const scoring::Formula formula, scoring::parse_formula(name));
    if (std::ranges::find(options.formulas, formula) == options.formulas.end()) {
      options.formulas.push_back(formula);
    }
  }
  ASSIGN_OR_RETURN(const History history,
                   flags.history.empty() ? make_history(flags) : read_history(flags, session));
  const scoring::Simulation simulation = scoring::simulate(history.answers, history.known, options);
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? to_json(simulation) : to_text(simulation)));
  return history.num_bad_lines == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

void add_synthetic_options(CLI::App& command, SimulateFlags& flags, CLI::Option* history) {
  add_option(command, "--fleet", flags.fleet,
             "A made-up fleet, of skilled, fair, doubting, guessing, yes, copying, broken, silent.")
      ->check([](const std::string& text) {
        const auto fleet = scoring::parse_fleet(text);
        return fleet ? std::string() : fleet.error().message;
      })
      ->excludes(history)
      ->capture_default_str()
      ->type_name("CHARACTER=N,...");
  add_option(command, "--challenges", flags.challenges, "How many the fleet is asked.")
      ->check(whole_number(std::int64_t{1}, kMaxSyntheticChallenges))
      ->excludes(history)
      ->capture_default_str()
      ->type_name("N");
  add_option(command, "--seed", flags.seed, "The same seed gives the same answers.")
      ->excludes(history)
      ->capture_default_str()
      ->type_name("N");
}

}  // namespace

void add_validator_simulate_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<SimulateFlags>();
  CLI::App& command = tree.add_command(
      group, "simulate", "Who would earn what, under several formulas.",
      {"assay validator simulate --history answers.jsonl",
       "assay validator simulate --fleet skilled=4,guessing=2,copying=2 --challenges 100 --json"},
      [flags](Session& session) { return run_simulate(*flags, session); });
  CLI::Option* history =
      add_option(command, "--history", flags->history,
                 "Recorded answers, as for score; `challenge` in them lets copies be found.")
          ->type_name("JSONL");
  add_synthetic_options(command, *flags, history);
  command
      .add_option("--formula", flags->formulas,
                  "natix or calibrated; repeated, it adds. All if not given.")
      ->check([](const std::string& name) {
        const auto formula = scoring::parse_formula(name);
        return formula ? std::string() : formula.error().message;
      })
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag_callback(
      "--share-copies", [flags] { flags->copy_policy = scoring::CopyPolicy::kShare; },
      "Let miners whose answers go together earn as much as one of them.");
}

}  // namespace assay::cli

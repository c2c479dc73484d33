#include "cli/validator_options_internal.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "validator/old_state.h"
#include "validator/state_store.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct StateFlags {
  StateFlag state;
  std::uint16_t netuid = 72;
  std::string file;
  bool may_replace = false;

  void add_to(CLI::App& command) {
    state.add_to(command);
    add_option(command, "--netuid", netuid, "Which network, when --state is not given.")
        ->type_name("N")
        ->capture_default_str();
  }
  std::filesystem::path folder() const { return state.folder(netuid); }
};

/// Errors: also kUnavailable with what to do, while a validator runs on it.
Result<validator::StateStore> open_state(const std::filesystem::path& folder) {
  auto store = validator::StateStore::open(files::posix_file_system(), folder, {});
  if (!store && store.error().code == ErrorCode::kUnavailable) {
    return unavailable(fmt::format(
        "{}; is a validator running on it? `assay validator status` tells its scores, and this "
        "needs it stopped",
        store.error().message));
  }
  return store;
}

/// As open_state(), where there is one: looking must not make it.
Result<validator::StateStore> open_existing_state(const std::filesystem::path& folder) {
  files::FileSystem& disk = files::posix_file_system();
  ASSIGN_OR_RETURN(const auto snapshot, disk.info(folder / validator::kSnapshotFile));
  ASSIGN_OR_RETURN(const auto journal, disk.info(folder / validator::kRoundJournalFile));
  if (!snapshot && !journal) {
    return not_found(
        fmt::format("{} holds no state of a validator: give its --state", folder.native()));
  }
  return open_state(folder);
}

std::string state_json(const validator::StateStore& state) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("rounds").unsigned_integer(state.num_rounds());
  writer.name("miners").begin_list();
  std::uint64_t uid = 0;
  for (const scoring::MinerState& miner : state.book().miners()) {
    writer.begin_object().name("uid").unsigned_integer(uid++);
    writer.name("hotkey").text(miner.hotkey);
    writer.name("score").number(static_cast<double>(miner.score));
    writer.name("answers").unsigned_integer(miner.windows.recent.size()).end_object();
  }
  return writer.end_list().end_object().take() + "\n";
}

std::string state_text(const validator::StateStore& state) {
  std::string text =
      fmt::format("{} rounds scored, {} slots\n", state.num_rounds(), state.book().miners().size());
  text += fmt::format("{:>5}  {:48}  {:>8}  {:>7}\n", "uid", "hotkey", "score", "answers");
  std::size_t uid = 0;
  for (const scoring::MinerState& miner : state.book().miners()) {
    text += fmt::format("{:>5}  {:48}  {:>8.6f}  {:>7}\n", uid++,
                        miner.hotkey.empty() ? "-" : miner.hotkey, miner.score,
                        miner.windows.recent.size());
  }
  return text;
}

Result<ExitCode> run_state_show(const StateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const validator::StateStore state, open_existing_state(flags.folder()));
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? state_json(state) : state_text(state)));
  return ExitCode::kOk;
}

struct Told {
  std::size_t num_miners = 0;
  std::uint64_t num_rounds = 0;
  std::uint64_t num_bad_scores = 0;
};

Status tell_state(const Told& told, const std::string& sentence, const Session& session) {
  if (session.output == OutputForm::kText) return print(sentence);
  json::Writer writer;
  writer.begin_object().name("miners").unsigned_integer(told.num_miners);
  writer.name("rounds").unsigned_integer(told.num_rounds);
  writer.name("bad_scores").unsigned_integer(told.num_bad_scores);
  return print(writer.end_object().take() + "\n");
}

Result<ExitCode> run_state_import(const StateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(auto source, files::open_byte_source(files::posix_file_system(), flags.file));
  ASSIGN_OR_RETURN(validator::OldState old, validator::read_old_state(std::move(source)));
  ASSIGN_OR_RETURN(validator::StateStore state, open_state(flags.folder()));
  if (state.num_rounds() > 0 && !flags.may_replace) {
    return invalid_input(
        fmt::format("{} holds {} rounds already, which an import would replace: give another "
                    "--state, or --replace",
                    flags.folder().native(), state.num_rounds()));
  }
  std::vector<scoring::MinerState> miners;
  miners.reserve(old.scores.size());
  for (std::size_t i = 0; i < old.scores.size(); ++i) {
    miners.push_back({.hotkey = std::move(old.hotkeys[i]), .score = old.scores[i]});
  }
  RETURN_IF_ERROR(state.replace(miners, old.step));
  std::string sentence = fmt::format("Took over the scores of {} slots after {} steps into {}.\n",
                                     miners.size(), old.step, flags.folder().native());
  if (old.num_bad_scores > 0) {
    sentence +=
        fmt::format("{} of them were negative or no number, and are 0 now.\n", old.num_bad_scores);
  }
  RETURN_IF_ERROR(tell_state({.num_miners = miners.size(),
                              .num_rounds = state.num_rounds(),
                              .num_bad_scores = old.num_bad_scores},
                             sentence, session));
  return ExitCode::kOk;
}

Result<ExitCode> run_state_export(const StateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const validator::StateStore state, open_existing_state(flags.folder()));
  validator::OldState old{
      .step = state.num_rounds(), .scores = state.book().scores(), .hotkeys = {}};
  for (const scoring::MinerState& miner : state.book().miners()) {
    old.hotkeys.push_back(miner.hotkey);
  }
  ASSIGN_OR_RETURN(const std::string bytes, validator::write_old_state(old));
  RETURN_IF_ERROR(files::write_file(files::posix_file_system(), flags.file, bytes));
  RETURN_IF_ERROR(tell_state({.num_miners = old.scores.size(), .num_rounds = old.step},
                             fmt::format("Wrote the scores of {} slots after {} rounds to {}.\n",
                                         old.scores.size(), old.step, flags.file),
                             session));
  return ExitCode::kOk;
}

}  // namespace

void add_validator_state_commands(CommandTree& tree, CLI::App& validator_group) {
  CLI::App& group =
      CommandTree::add_group(validator_group, "state", "Look at saved scores, or move them.");

  auto shown = std::make_shared<StateFlags>();
  CLI::App& show = tree.add_command(
      group, "show", "Print the scores that a stopped validator has on disk.",
      {"assay validator state show --state DIR", "assay validator state show --state DIR --json"},
      [shown](Session& session) { return run_state_show(*shown, session); });
  shown->add_to(show);

  auto imported = std::make_shared<StateFlags>();
  CLI::App& import = tree.add_command(
      group, "import", "Begin with the scores of the old validator.",
      {"assay validator state import ~/.bittensor/miners/V/H/netuid72/validator/state.npz"},
      [imported](Session& session) { return run_state_import(*imported, session); });
  imported->add_to(import);
  import.add_option("file", imported->file, "Its state.npz.")->type_name("FILE")->required();
  import.add_flag("--replace", imported->may_replace, "Even where rounds were scored already.");

  auto exported = std::make_shared<StateFlags>();
  CLI::App& export_command = tree.add_command(
      group, "export", "Write the scores as the old validator reads them, to go back to it.",
      {"assay validator state export --state DIR state.npz"},
      [exported](Session& session) { return run_state_export(*exported, session); });
  exported->add_to(export_command);
  export_command.add_option("file", exported->file, "The state.npz to write.")
      ->type_name("FILE")
      ->required();
}

}  // namespace assay::cli

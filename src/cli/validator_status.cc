#include "cli/validator_options_internal.h"
#include "core/clock.h"
#include "files/file_system.h"
#include "validator/status.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct ValidatorStatusFlags {
  StateFlag state;
  std::uint16_t netuid = 72;
  bool fails_on_findings = false;
};

Result<ExitCode> run_validator_status(const ValidatorStatusFlags& flags, Session& session) {
  const std::filesystem::path folder = flags.state.folder(flags.netuid);
  ASSIGN_OR_RETURN(const auto status, validator::read_status(files::posix_file_system(), folder));
  if (!status) {
    return not_found(fmt::format(
        "no validator has ever run with the state folder {}: give its --state", folder.native()));
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? to_json(*status)
                            : to_text(*status, system_clock().now())));
  const bool is_found = !is_well(*status, system_clock().now());
  return flags.fails_on_findings && is_found ? ExitCode::kFindings : ExitCode::kOk;
}

}  // namespace

void add_validator_status_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ValidatorStatusFlags>();
  CLI::App& command = tree.add_command(
      group, "status", "What a validator last said of itself, and how old that is.",
      {"assay validator status --state DIR", "assay validator status --state DIR --json"},
      [flags](Session& session) { return run_validator_status(*flags, session); });
  flags->state.add_to(command);
  add_option(command, "--netuid", flags->netuid, "Which network, when --state is not given.")
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--fail-on-findings", flags->fails_on_findings,
                   "Exit with 3 when a line of the checklist says NO.");
}

}  // namespace assay::cli

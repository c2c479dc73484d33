#include "app/chain_sdk_place.h"
#include "chain/sidecar_probe.h"
#include "chain_sdk/install.h"
#include "chain_sdk/pinned_packages.h"
#include "cli/chain_options_internal.h"
#include "core/clock.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

namespace assay::cli {
namespace {

using chain_sdk::Environment;
using chain_sdk::Environments;

/// Enough for an import on a slow disk.
constexpr std::chrono::minutes kGreetingDeadline{2};

struct InstallFlags {
  std::string python;
  std::string version;
  std::string wheels;
  bool print_packages = false;

  void add_to(CLI::App& command) {
    add_option(command, "--python", python,
               "The Python to make the environment with [python3.11 of $PATH].")
        ->type_name("PROGRAM");
    add_option(
        command, "--wheels", wheels,
        "Take the packages from this folder, and ask no index: for machines without network.")
        ->type_name("DIR");
  }

  chain_sdk::InstallOptions options() const {
    return {.python = python,
            .version = version,
            .packages = chain_sdk::pinned_packages(),
            .packages_python = chain_sdk::kPinnedPython,
            .wheels = wheels};
  }
};

void write_environment(json::Writer& writer, const Environment& environment) {
  writer.begin_object().name("sdk").text(environment.sdk);
  writer.name("python").text(environment.python);
  writer.name("pinned").boolean(environment.is_pinned);
  writer.name("made").text(to_rfc3339(environment.made));
  writer.name("program").text(chain_sdk::python_of(app::chain_sdk_folder(), environment).native());
  writer.end_object();
}

std::string described(const Environment& environment) {
  return fmt::format("bittensor {} on Python {}{}, made {}", environment.sdk, environment.python,
                     environment.is_pinned ? "" : ", without hashes of ours",
                     to_rfc3339(environment.made));
}

/// What is used from now on.
Status tell_environment(const Environment& environment, std::string_view what,
                        const Session& session) {
  if (session.output == OutputForm::kText) {
    return print(
        fmt::format("{}: {}.\nA validator or miner that runs takes it when it is started "
                    "anew.\n",
                    what, described(environment)));
  }
  json::Writer writer;
  writer.begin_object().name("current");
  write_environment(writer, environment);
  return print(writer.end_object().take() + "\n");
}

Result<Environments> environments_here() {
  return chain_sdk::read_environments(files::posix_file_system(), app::chain_sdk_folder());
}

Result<bool> is_up_to_date(const Environments& environments) {
  if (!environments.current) return false;
  return chain_sdk::holds(files::posix_file_system(), app::chain_sdk_folder(),
                          *environments.current, chain_sdk::pinned_packages());
}

Result<Environment> make_environment(const InstallFlags& flags, const Session& session) {
  if (session.output == OutputForm::kText && !session.quiet) {
    fmt::print(
        stderr, "Making an environment in {} and installing bittensor {}; this takes a while.\n",
        app::chain_sdk_folder().native(),
        flags.version.empty() ? chain_sdk::version_in(chain_sdk::pinned_packages(), "bittensor")
                              : flags.version);
  }
  return chain_sdk::install(files::posix_file_system(), system_clock(), app::chain_sdk_folder(),
                            flags.options(), session.stop);
}

Result<ExitCode> run_install(const InstallFlags& flags, Session& session) {
  if (flags.print_packages) {
    RETURN_IF_ERROR(print(chain_sdk::pinned_packages()));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const Environments there, environments_here());
  if (there.current) {
    const auto python = chain_sdk::python_of(app::chain_sdk_folder(), *there.current);
    const auto probe = chain::probe_sidecar(python, kGreetingDeadline, session.stop);
    if (probe) {
      RETURN_IF_ERROR(tell_environment(*there.current, "It is there already, and works", session));
      return ExitCode::kOk;
    }
    if (probe.error().code == ErrorCode::kCancelled) return Error(probe.error());
  }
  ASSIGN_OR_RETURN(const Environment made, make_environment(flags, session));
  RETURN_IF_ERROR(tell_environment(made, "Installed", session));
  return ExitCode::kOk;
}

Result<ExitCode> run_upgrade(const InstallFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const Environments there, environments_here());
  ASSIGN_OR_RETURN(const bool is_current, is_up_to_date(there));
  if (there.current && is_current && flags.version.empty()) {
    RETURN_IF_ERROR(tell_environment(*there.current, "This program brings nothing newer", session));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const Environment made, make_environment(flags, session));
  RETURN_IF_ERROR(tell_environment(made, "Upgraded", session));
  return ExitCode::kOk;
}

Result<ExitCode> run_rollback(Session& session) {
  ASSIGN_OR_RETURN(const Environment now,
                   chain_sdk::roll_back(files::posix_file_system(), app::chain_sdk_folder(),
                                        kGreetingDeadline, session.stop));
  RETURN_IF_ERROR(tell_environment(now, "Went back", session));
  return ExitCode::kOk;
}

/// Of what is used now: whether the sidecar greets from it.
struct Health {
  std::string program;
  std::string sdk;
  std::string problem;
};

Result<Health> look(const Session& session) {
  Health health{.program = app::chain_python(session.config).native(), .sdk = {}, .problem = {}};
  if (health.program.empty()) {
    health.problem = "nothing is installed: run `assay chain install`";
    return health;
  }
  auto probe = chain::probe_sidecar(health.program, kGreetingDeadline, session.stop);
  if (probe) {
    health.sdk = std::move(probe->sdk);
    return health;
  }
  if (probe.error().code == ErrorCode::kCancelled) return std::move(probe.error());
  health.problem = std::move(probe.error().message);
  return health;
}

std::string status_text(const Health& health, const Environments& there, bool is_configured,
                        bool is_current) {
  std::string text;
  if (!health.program.empty()) {
    text += fmt::format("program   {}{}\n", health.program,
                        is_configured ? ", by the setting chain.python" : "");
  }
  text += health.problem.empty() ? fmt::format("works     yes, bittensor {}\n", health.sdk)
                                 : fmt::format("works     no: {}\n", health.problem);
  if (there.current) {
    text += fmt::format("current   {}{}\n", described(*there.current),
                        is_current ? "; as this program brings it" : "");
  }
  if (there.previous) text += fmt::format("previous  {}\n", described(*there.previous));
  return text;
}

Result<ExitCode> run_chain_status(Session& session) {
  ASSIGN_OR_RETURN(const Environments there, environments_here());
  ASSIGN_OR_RETURN(const bool is_current, is_up_to_date(there));
  ASSIGN_OR_RETURN(const Health health, look(session));
  const ExitCode code = health.problem.empty() ? ExitCode::kOk : ExitCode::kMissing;
  if (session.output == OutputForm::kText) {
    RETURN_IF_ERROR(
        print(status_text(health, there, session.config.is_given("chain.python"), is_current)));
    return code;
  }
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("program");
  health.program.empty() ? writer.null() : writer.text(health.program);
  writer.name("works").boolean(health.problem.empty()).name("sdk");
  health.sdk.empty() ? writer.null() : writer.text(health.sdk);
  writer.name("problem");
  health.problem.empty() ? writer.null() : writer.text(health.problem);
  writer.name("up_to_date").boolean(is_current);
  for (const auto& [name, environment] :
       {std::pair("current", &there.current), std::pair("previous", &there.previous)}) {
    writer.name(name);
    *environment ? write_environment(writer, **environment) : static_cast<void>(writer.null());
  }
  RETURN_IF_ERROR(print(writer.end_object().take() + "\n"));
  return code;
}

}  // namespace

void add_chain_sdk_commands(CommandTree& tree, CLI::App& group) {
  auto installed = std::make_shared<InstallFlags>();
  CLI::App& install = tree.add_command(
      group, "install", "Install Bittensor's SDK, by which real chains are reached.",
      {"assay chain install", "assay chain install --python /usr/bin/python3.11",
       "assay chain install --wheels /media/wheels"},
      [installed](Session& session) { return run_install(*installed, session); });
  installed->add_to(install);
  install.add_flag("--print-packages", installed->print_packages,
                   "Print the packages with their hashes, as pip takes them, and install nothing.");

  auto upgraded = std::make_shared<InstallFlags>();
  CLI::App& upgrade = tree.add_command(
      group, "upgrade", "Install another SDK beside the one in use, try it, and switch.",
      {"assay chain upgrade", "assay chain upgrade --version 11.4.0"},
      [upgraded](Session& session) { return run_upgrade(*upgraded, session); });
  upgraded->add_to(upgrade);
  add_option(upgrade, "--version", upgraded->version,
             "This one of the index, whose hashes nobody has checked [the list within assay].")
      ->type_name("V");

  tree.add_command(group, "rollback", "Go back to the SDK that was used before.",
                   {"assay chain rollback"}, run_rollback);
  tree.add_command(group, "status", "Which SDK is used, and whether it works.",
                   {"assay chain status", "assay chain status --json"}, run_chain_status);
}

}  // namespace assay::cli

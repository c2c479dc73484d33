#include "cli/up_command_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/random.h"
#include "core/terminal.h"
#include "core/thread_pool.h"
#include "files/file_system.h"
#include "process/reload_signal.h"
#include "up/fleet_table.h"
#include "up/local_run.h"
#include "up/network_folder.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace assay::cli {
namespace {

constexpr std::chrono::milliseconds kTableEvery = std::chrono::seconds(2);
constexpr std::chrono::milliseconds kLineEvery = std::chrono::seconds(10);
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";

struct UpFlags {
  std::string folder = "local-network";
  std::string miners;
  std::optional<std::int64_t> seed;
  std::string duration;
  supervision::OnceDead once_dead = supervision::OnceDead::kRestart;
};

std::string check_miners(const std::string& text) {
  const auto miners = up::parse_miner_list(text);
  return miners ? "" : miners.error().message;
}

/// `90`, in seconds, or `90s`, `5m`. Errors: kInvalidInput.
Result<std::chrono::milliseconds> parse_span(std::string_view text) {
  if (const auto seconds = parse_integer(text); seconds && *seconds > 0) {
    return parse_duration(fmt::format("{}s", *seconds));
  }
  return parse_duration(text);
}

/// Ourselves: the members are other runs of this program.
Result<std::filesystem::path> own_program() {
  std::error_code error;
  std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return internal("cannot find out which program this is: " + error.message());
  return path;
}

void show(const up::FleetStatus& status) {
  const std::string text = stderr_is_terminal()
                               ? std::string(kClearScreen) +
                                     up::fleet_table(status.progress, status.miners) +
                                     "\nCtrl-C ends it.\n"
                               : up::fleet_line(status.progress, status.miners) + "\n";
  std::fputs(text.c_str(), stderr);
}

Result<up::OpenedNetwork> open_network(const UpFlags& flags, Session& session) {
  ThreadPool pool;
  up::NetworkFolderOptions options;
  std::error_code error;
  // The members work elsewhere.
  options.folder = std::filesystem::absolute(flags.folder, error);
  if (error) return invalid_input(fmt::format("--dir {}: {}", flags.folder, error.message()));
  if (!flags.miners.empty()) options.miners = flags.miners;
  if (flags.seed) options.seed = static_cast<std::uint64_t>(*flags.seed);
  const auto on_step = [&](std::string_view step) {
    if (!session.quiet) log_info(fmt::format("preparing {}", step));
  };
  return up::open_network_folder({.file_system = files::posix_file_system(),
                                  .clock = system_clock(),
                                  .random = system_random(),
                                  .pool = pool},
                                 options, on_step, session.stop);
}

Result<ExitCode> run_up(const UpFlags& flags, Session& session) {
  // There is nothing to read anew here, and a network shall not die of a signal to reload.
  ASSIGN_OR_RETURN(const auto hangup, process::ReloadSignal::install());
  up::LocalRunOptions options;
  options.supervisor.once_dead = flags.once_dead;
  options.status_interval = stderr_is_terminal() ? kTableEvery : kLineEvery;
  ASSIGN_OR_RETURN(options.members.program, own_program());
  if (!flags.duration.empty()) {
    ASSIGN_OR_RETURN(options.duration, parse_span(flags.duration));
  }
  ASSIGN_OR_RETURN(const up::OpenedNetwork network, open_network(flags, session));
  const up::OnFleetStatus on_status = session.quiet ? up::OnFleetStatus() : show;
  ASSIGN_OR_RETURN(const up::FleetStatus status,
                   up::run_local_network(files::posix_file_system(), system_clock(), network,
                                         options, on_status, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? up::fleet_json(status.progress, status.miners)
                            : up::fleet_table(status.progress, status.miners)));
  return session.stop_signal() == SIGINT ? ExitCode::kCancelled : ExitCode::kOk;
}

}  // namespace

void add_up_command(CommandTree& tree) {
  auto flags = std::make_shared<UpFlags>();
  CLI::App& command = tree.add_command(
      tree.root(), "up",
      "Run a network on this machine: a validator, and miners of different character.",
      {"assay up", "assay up --for 60 --json", "assay up --dir net --miners honest:3,guessing"},
      [flags](Session& session) { return run_up(*flags, session); });
  add_option(command, "--dir", flags->folder,
             "The network's folder: made when it is not there, gone on with when it is.")
      ->type_name("DIR")
      ->capture_default_str();
  add_option(command, "--for", flags->duration, "End after this time: 60, 90s, 5m [on Ctrl-C].")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        const auto span = parse_span(text);
        return span ? "" : span.error().message;
      });
  add_option(command, "--miners", flags->miners,
             fmt::format("Characters, with how many of each [{}].", up::kDefaultMiners))
      ->type_name("LIST")
      ->check(check_miners);
  add_option(command, "--seed", flags->seed, "Of the images that are drawn [1].")
      ->type_name("N")
      ->check(whole_number(std::int64_t{0}));
  command
      .add_option_function<std::string>(
          "--once-dead",
          [flags](const std::string& text) {
            flags->once_dead =
                text == "exit" ? supervision::OnceDead::kExit : supervision::OnceDead::kRestart;
          },
          "When a member dies: restart it, or exit with its reason [restart].")
      ->type_name("restart|exit")
      ->check(CLI::IsMember({"restart", "exit"}));
}

}  // namespace assay::cli

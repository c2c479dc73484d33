#include "cli/command_line.h"

#include "app/runtime.h"
#include "cli/command_internal.h"
#include "cli/up_command_internal.h"
#include "core/check.h"
#include "core/log.h"
#include "process/stop_signals.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

namespace assay::cli {
namespace {

// One for each desk: what its users come for first.
constexpr std::string_view kExamples =
    "  assay audit run --parquet export.parquet --out reports\n"
    "  assay history analyze --data-dir data\n"
    "  assay predict run --source /Volumes/original\n"
    "  assay cache doctor\n"
    "  assay validator run --network test --netuid 323 --wallet W --hotkey H\n"
    "  assay up\n"
    "  assay audit --help\n";

int to_int(ExitCode code) { return static_cast<int>(code); }

/// One line, whatever names from outside are in it.
void print_error(std::string_view message) {
  fmt::print(stderr, "assay: {}\n", report::visible_text(message));
}

/// The command whose arguments did not parse: the deepest one that was named.
const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* current = &app;
  while (!current->get_subcommands().empty()) current = current->get_subcommands().front();
  return *current;
}

bool has_option(const CLI::App& command, std::string_view argument) {
  const std::string name(argument.substr(0, argument.find('=')));
  return name.starts_with('-') && command.get_option_no_throw(name) != nullptr;
}

/// Usage errors: one line that says what is wrong, one that says where help is.
int report_usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& command = deepest(root);
  std::string message = error.what();
  // A misspelt command also leaves the required one out: what was misspelt is the better message.
  const bool is_about_commands = message.contains("subcommand");
  const auto extras = root.remaining(true);
  if (!extras.empty() &&
      (is_about_commands || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)) {
    const std::string& first = extras.front();
    if (has_option(command, first)) {
      message = fmt::format("option '{}' belongs after the command: {} {}", first,
                            full_name(command), first);
    } else {
      // The options of the program itself may stand anywhere.
      std::string nearest = suggestion_for(command, first);
      if (nearest.empty()) nearest = suggestion_for(root, first);
      message =
          fmt::format("unknown {} '{}'{}",
                      first.starts_with('-') ? "option" : "command or argument", first, nearest);
    }
  } else if (is_about_commands) {
    message = "a command is missing";
  }
  print_error(message);
  fmt::print(stderr, "Try: {} --help\n", full_name(command));
  return to_int(ExitCode::kUsage);
}

struct GlobalFlags {
  std::string config_file;
  std::string log_level;
  std::string log_format;
};

ConfigSources config_sources(const GlobalFlags& flags) {
  ConfigSources sources = app::machine_config_sources(flags.config_file);
  if (!flags.log_level.empty()) sources.flags.emplace_back("log.level", flags.log_level);
  if (!flags.log_format.empty()) sources.flags.emplace_back("log.format", flags.log_format);
  return sources;
}

Result<ExitCode> run_action(const CommandTree& tree, const GlobalFlags& flags, OutputForm output,
                            bool quiet) {
  ASSIGN_OR_RETURN(Config config,
                   with_context(Config::load(config_sources(flags)), "configuration"));
  RETURN_IF_ERROR(app::configure_logging(config));
  ASSIGN_OR_RETURN(const auto signals, process::StopSignals::install());
  Session session{.config = std::move(config),
                  .output = output,
                  .quiet = quiet,
                  .stop = signals->token(),
                  .stop_signal = [&signals] { return signals->received(); }};
  const app::Runtime runtime;
  CHECK(tree.chosen() != nullptr, "a command without an action was parsed");
  return (*tree.chosen())(session);
}

}  // namespace

CommandTree::CommandTree(CLI::App& root) : root_(&root) {}

CLI::App& CommandTree::add_group(CLI::App& parent, std::string_view name,
                                 std::string_view purpose) {
  CLI::App& group =
      *parent.add_subcommand(std::string(name), std::string(purpose))->group("Commands");
  group.require_subcommand(1);
  return group;
}

CLI::App& CommandTree::add_command(CLI::App& parent, std::string_view name,
                                   std::string_view purpose,
                                   const std::vector<std::string>& examples, Action action) {
  CLI::App& command =
      *parent.add_subcommand(std::string(name), std::string(purpose))->group("Commands");
  std::string footer;
  for (const std::string& example : examples) footer += "  " + example + "\n";
  command.footer(footer);
  command.add_flag("--json", json_, "Print the result as one JSON object.");
  const Action* kept = actions_.emplace_back(std::make_unique<Action>(std::move(action))).get();
  command.final_callback([this, kept] { chosen_ = kept; });
  return command;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

Status print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    const std::string message =
        "cannot write to standard output; is the disk full, or the reader gone?";
    return errno == ENOSPC ? no_space(message) : unavailable(message);
  }
  return {};
}

int run_command_line(std::span<const char* const> arguments) {
  CLI::App root("Assay tells what the miners of an image network really did.");
  root.name("assay");
  root.formatter(make_help_formatter());
  root.require_subcommand(1);
  root.set_help_flag("-h,--help", "Print this help.");
  root.fallthrough();

  GlobalFlags flags;
  bool quiet = false;
  add_option(root, "--config", flags.config_file,
             "Read this settings file alone; also ASSAY_CONFIG.");
  add_option(root, "--log-level", flags.log_level, "debug, info, warning, error or off.")
      ->check([](const std::string& text) {
        return parse_log_level(text) ? std::string() : parse_log_level(text).error().message;
      });
  add_option(root, "--log-format", flags.log_format, "text or json.")
      ->check([](const std::string& text) {
        return parse_log_format(text) ? std::string() : parse_log_format(text).error().message;
      });
  root.add_flag("-q,--quiet", quiet, "No progress and no remarks.");

  CommandTree tree(root);
  add_audit_commands(tree);
  add_history_commands(tree);
  add_predict_commands(tree);
  add_cache_commands(tree);
  add_validator_commands(tree);
  add_miner_commands(tree);
  add_chain_commands(tree);
  add_models_commands(tree);
  add_wallet_commands(tree);
  add_config_commands(tree);
  add_up_command(tree);
  add_serve_command(tree);
  add_version_command(tree);
  root.footer(std::string(kExamples));  // last: each command would inherit it

  try {
    root.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::CallForHelp&) {
    return print(deepest(root).help()) ? to_int(ExitCode::kOk) : to_int(ExitCode::kFailed);
  } catch (const CLI::CallForVersion& version) {
    return print(std::string(version.what()) + "\n") ? to_int(ExitCode::kOk)
                                                     : to_int(ExitCode::kFailed);
  } catch (const CLI::ParseError& error) {
    return report_usage_error(root, error);
  }

  const OutputForm output = tree.wants_json() ? OutputForm::kJson : OutputForm::kText;
  const auto result = run_action(tree, flags, output, quiet);
  if (result) return to_int(*result);
  print_error(result.error().message);
  return to_int(exit_code_of(result.error().code));
}

}  // namespace assay::cli

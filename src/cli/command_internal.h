/// \file
/// What the commands share: the session, and the building of the tree of commands.

#pragma once

#include "cli/option_check_internal.h"
#include "core/config.h"
#include "core/exit_code.h"
#include "core/result.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {

/// How results are printed.
enum class OutputForm { kText, kJson };

/// What every command gets besides its own options.
struct Session {
  Config config;
  OutputForm output = OutputForm::kText;
  /// No progress and no remarks; results, warnings and errors only.
  bool quiet = false;
  std::stop_token stop;
  /// The signal that asked to stop, if one did.
  std::function<std::optional<int>()> stop_signal;
};

/// What a command does once its options are parsed.
using Action = std::function<Result<ExitCode>(Session&)>;

/// The tree of commands while it is built, and the action of the one that was chosen.
class CommandTree {
 public:
  explicit CommandTree(CLI::App& root);

  /// Add a folder of commands below `parent`.
  static CLI::App& add_group(CLI::App& parent, std::string_view name, std::string_view purpose);

  /// Add a command. `examples` lead its help: a line each.
  CLI::App& add_command(CLI::App& parent, std::string_view name, std::string_view purpose,
                        const std::vector<std::string>& examples, Action action);

  CLI::App& root() { return *root_; }
  const Action* chosen() const { return chosen_; }
  bool wants_json() const { return json_; }

 private:
  CLI::App* root_;
  std::vector<std::unique_ptr<Action>> actions_;
  const Action* chosen_ = nullptr;
  bool json_ = false;
};

template <typename T>
struct NumberWithin {
  using Type = T;
};
template <typename T>
struct NumberWithin<std::optional<T>> {
  using Type = T;
};

/// An option of which the last one given wins. What a number's type cannot hold is refused: CLI11
/// would take -1 for the largest of those without a sign.
template <typename T>
CLI::Option* add_option(CLI::App& command, const std::string& flags, T& target,
                        const std::string& help) {
  CLI::Option* const option = command.add_option(flags, target, help)
                                  ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  const OptionCheck check = check_of_type<typename NumberWithin<T>::Type>();
  return check ? option->check(check) : option;
}

/// Write to stdout. Errors: kNoSpace and kUnavailable, as when the reader of a pipe is gone.
Status print(std::string_view text);

/// Of this machine, or nothing.
std::string host_name();

/// `assay audit missing`.
std::string full_name(const CLI::App& command);

/// `; did you mean 'x'?` for a misspelt option or command of `command`, or nothing.
std::string suggestion_for(const CLI::App& command, std::string_view misspelt);

std::shared_ptr<CLI::FormatterBase> make_help_formatter();

void add_audit_commands(CommandTree& tree);
void add_cache_commands(CommandTree& tree);
void add_chain_commands(CommandTree& tree);
void add_config_commands(CommandTree& tree);
void add_history_commands(CommandTree& tree);
void add_predict_commands(CommandTree& tree);
void add_miner_commands(CommandTree& tree);
void add_models_commands(CommandTree& tree);
void add_serve_command(CommandTree& tree);
void add_validator_commands(CommandTree& tree);
void add_version_command(CommandTree& tree);
void add_wallet_commands(CommandTree& tree);

}  // namespace assay::cli

/// \file
/// The commands of the validator desk, and options that several of them share.

#pragma once

#include "chain/network_address.h"
#include "cli/command_internal.h"
#include "cli/wallet_options_internal.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace assay::cli {

/// Seconds, as the old validator's flags give them (`9`, `0.5`), or a span of time with its unit.
/// Errors: kInvalidInput.
Result<std::chrono::milliseconds> parse_seconds(std::string_view text);
/// For CLI11: what is wrong with the text, or nothing.
std::string check_seconds(const std::string& text);
/// Likewise, and 0 is wrong too.
std::string check_some_seconds(const std::string& text);

/// Names bad lines in the log: the first few one by one, the rest in one count.
class BadLines {
 public:
  void add(std::string_view problem);
  /// Tell how many were not named.
  void finish(const std::string& file) const;

 private:
  std::uint64_t count_ = 0;
};

/// `--network` and `--netuid`, under the names of the SDK too.
struct NetworkFlags {
  std::string network = "finney";
  std::string endpoint;
  std::uint16_t netuid = 72;

  void add_to(CLI::App& command);
  /// Errors: kInvalidInput.
  Result<chain::NetworkAddress> address() const;
};

/// `--state`.
struct StateFlag {
  std::string given;

  void add_to(CLI::App& command);
  /// The flag, else a folder of this network among the state of the user.
  std::filesystem::path folder(std::uint16_t netuid) const;
};

/// An option that names a value by its own parser.
template <typename Value, typename Parse>
CLI::Option* add_named_option(CLI::App& command, const std::string& name, Value& target,
                              Parse parse, const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, parse](const std::string& text) {
            if (const auto value = parse(text)) target = *value;
          },
          help)
      ->check([parse](const std::string& text) {
        const auto value = parse(text);
        return value ? std::string() : value.error().message;
      })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name("NAME");
}

void add_validator_ask_command(CommandTree& tree, CLI::App& group);
void add_validator_export_jobs_command(CommandTree& tree, CLI::App& group);
void add_validator_replay_command(CommandTree& tree, CLI::App& group);
void add_validator_run_command(CommandTree& tree, CLI::App& group);
void add_validator_score_command(CommandTree& tree, CLI::App& group);
void add_validator_simulate_command(CommandTree& tree, CLI::App& group);
void add_validator_state_commands(CommandTree& tree, CLI::App& group);
void add_validator_status_command(CommandTree& tree, CLI::App& group);
void add_validator_token_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

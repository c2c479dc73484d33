#include "cli/old_flags_internal.h"
#include "cli/option_check_internal.h"
#include "core/result.h"

#include <string_view>
#include <utility>

namespace assay::cli {
namespace {

/// `true` and `false` as start scripts pass them.
Result<bool> parse_switch(std::string_view text) {
  if (text == "true" || text == "True" || text == "1") return true;
  if (text == "false" || text == "False" || text == "0") return false;
  return invalid_input("expected true or false");
}

}  // namespace

void add_switch(CLI::App& command, const std::string& name, const std::string& help,
                std::function<void(bool)> apply) {
  command
      .add_option_function<std::string>(
          name,
          [apply = std::move(apply)](const std::string& text) {
            if (const auto value = parse_switch(text.empty() ? "true" : text)) apply(*value);
          },
          help)
      ->expected(0, 1)
      ->check([](const std::string& text) {
        return text.empty() ? std::string() : problem_of(parse_switch(text));
      })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name("[BOOL]");
}

void add_flags_without_effect(CLI::App& command, std::initializer_list<const char*> more_with_value,
                              std::vector<std::string>& given) {
  const auto add_with_value = [&](const char* name) {
    command
        .add_option_function<std::string>(
            name, [&given, name](const std::string&) { given.emplace_back(name); }, "")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->group("");
  };
  for (const char* name : {"--neuron.name", "--neuron.device", "--neuron.events_retention_size",
                           "--wandb.project_name", "--wandb.entity", "--wandb.notes",
                           "--wandb.restart_interval", "--logging.logging_dir"}) {
    add_with_value(name);
  }
  for (const char* name : more_with_value) add_with_value(name);
  for (const char* name : {"--neuron.dont_save_events", "--neuron.axon_off", "--axon_off",
                           "--wandb.off", "--wandb.offline", "--logging.record_log",
                           "--logging.enable_third_party_loggers", "--subtensor._mock", "--mock"}) {
    add_switch(command, name, "", [&given, name](bool) { given.emplace_back(name); });
    command.get_option(name)->group("");
  }
}

void add_logging_flags(CLI::App& command) {
  for (const char* name : {"--logging.debug", "--logging.trace", "--logging.info"}) {
    command.add_flag(name)->group("");
  }
}

std::string level_of_logging_flags(const CLI::App& command) {
  const auto is_given = [&](const std::string& name) {
    const CLI::Option* const option = command.get_option_no_throw(name);
    return option != nullptr && option->count() > 0;
  };
  if (is_given("--logging.debug") || is_given("--logging.trace")) return "debug";
  return is_given("--logging.info") ? "info" : "";
}

}  // namespace assay::cli

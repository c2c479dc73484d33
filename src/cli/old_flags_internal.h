/// \file
/// Flags as start scripts of the old validator and miner give them.

#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace assay::cli {

/// A flag that may be followed by True or False. `apply` is told which; alone it means true.
void add_switch(CLI::App& command, const std::string& name, const std::string& help,
                std::function<void(bool)> apply);

/// Hidden flags that change nothing here, those of both old programs and `more_with_value`: the
/// ones that were given are noted in `given`.
void add_flags_without_effect(CLI::App& command, std::initializer_list<const char*> more_with_value,
                              std::vector<std::string>& given);

/// `--logging.debug`, `--logging.trace` and `--logging.info`: see SettingsReader.
void add_logging_flags(CLI::App& command);
/// The level that they ask for; empty when none was given.
std::string level_of_logging_flags(const CLI::App& command);

}  // namespace assay::cli

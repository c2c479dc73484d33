/// \file
/// Options that several history commands share.

#pragma once

#include "cli/command_internal.h"
#include "core/clock.h"
#include "core/result.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace assay::cli {

/// `--data-dir`: the folder that a miner writes.
struct DataFolderFlag {
  std::string folder = "data";
  void add_to(CLI::App& command);
};

/// `--now`: the instant that counts as now.
struct NowFlag {
  std::string text;
  void add_to(CLI::App& command);
  /// A clock that stands at `--now`, or at the time of the call. Errors: kInvalidInput.
  Result<std::unique_ptr<Clock>> clock() const;
};

void add_backup_command(CommandTree& tree, CLI::App& group);
void add_restore_command(CommandTree& tree, CLI::App& group);
void add_rotate_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

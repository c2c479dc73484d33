/// \file
/// Options that several history commands share.

#pragma once

#include "cli/command_internal.h"
#include "core/clock.h"
#include "core/result.h"
#include "history/doctor.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
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

/// Of the disk that holds the folder; nothing when the system does not say.
std::optional<history::DiskSpace> disk_space(const std::string& folder);

/// What is wrong with the name of a task type that reports know, or nothing.
std::string check_task_type(const std::string& text);

/// Warn of events that a killed recorder left in the journal of `folder`, out of a reader's sight.
void warn_of_waiting_events(const std::string& folder);

void add_backup_command(CommandTree& tree, CLI::App& group);
void add_doctor_command(CommandTree& tree, CLI::App& group);
void add_import_command(CommandTree& tree, CLI::App& group);
void add_prune_command(CommandTree& tree, CLI::App& group);
void add_restore_command(CommandTree& tree, CLI::App& group);
void add_rotate_command(CommandTree& tree, CLI::App& group);
void add_status_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

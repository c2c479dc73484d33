/// \file
/// The commands of the history desk.

#pragma once

#include "cli/command_internal.h"

#include <algorithm>
#include <thread>

namespace assay::cli {

/// Threads to read a history with: as many as asked for, 0 for one a core.
inline unsigned reading_threads(unsigned asked) {
  constexpr unsigned kMaxThreads = 256;
  const unsigned num_cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min(asked == 0 ? num_cores : asked, kMaxThreads);
}

void add_analyze_command(CommandTree& tree, CLI::App& group);
void add_append_command(CommandTree& tree, CLI::App& group);
void add_history_export_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli

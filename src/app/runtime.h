/// \file
/// What the program takes from the machine at its start: settings, log, and the outside libraries.

#pragma once

#include "core/config.h"
#include "core/result.h"
#include "net/net_runtime.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace assay::app {

/// The environment and files of this machine. `config_file`, or else the one that
/// ASSAY_CONFIG names, is read in place of all other files; empty: neither is asked for.
ConfigSources machine_config_sources(const std::string& config_file);

/// Set the log up as `log.level` and `log.format` say. Errors: kInvalidInput.
Status configure_logging(const Config& config);

/// End the process with exit code 1 and the reason in the log, for a thread that does not go on:
/// one that is stuck, which cannot be joined, or one that has ended. Nothing of the usual end is
/// done.
[[noreturn]] void end_stuck_process(std::string_view reason);

/// For a Heartbeat: asks what is stuck, and ends the process with the answer unless it is empty.
std::function<bool()> ending_if_stuck(std::function<std::string()> what_is_stuck);

/// Where state that outlives a run is kept: $XDG_STATE_HOME/assay, by default ~/.local/state/assay.
std::filesystem::path state_folder();

/// Ends what outside libraries have started. Create one in main, before any work; nothing is
/// started here, since most commands need none of it.
class Runtime {
 public:
  Runtime() = default;
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

 private:
  net::NetRuntime net_;
};

}  // namespace assay::app

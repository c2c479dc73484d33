/// \file
/// A local network while it runs.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"
#include "supervision/supervisor.h"
#include "up/fleet_status.h"
#include "up/members.h"
#include "up/network_folder.h"

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

namespace assay::up {

struct LocalRunOptions {
  MemberSettings members = {};
  /// Members are cheap to start, and who is killed now and then shall be back soon.
  supervision::SupervisorOptions supervisor = {.first_pause = std::chrono::milliseconds(200),
                                               .longest_pause = std::chrono::seconds(5),
                                               .well_after = std::chrono::seconds(2)};
  /// From the first look on; nothing: until stopped.
  std::optional<std::chrono::milliseconds> duration = std::nullopt;
  /// Between two calls of `on_status`.
  std::chrono::milliseconds status_interval = std::chrono::seconds(2);
};

/// How it stands, told now and then.
using OnFleetStatus = std::function<void(const FleetStatus& status)>;

/// Run all members until the time is over or `stop`, end them, and say how it stands then: a stop
/// is no error. Nothing is left running.
/// Threads: that of the call is the members' parent.
/// Errors: those of Supervisor::look(), and kCorrupt or kInvalidInput for a status of the validator
///         that cannot be read.
Result<FleetStatus> run_local_network(files::FileSystem& file_system, Clock& clock,
                                      const OpenedNetwork& network, const LocalRunOptions& options,
                                      const OnFleetStatus& on_status, const std::stop_token& stop);

}  // namespace assay::up

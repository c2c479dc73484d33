/// \file
/// The figures that the running validator gives, as the table takes them.

#pragma once

#include "core/timestamp.h"
#include "keys/ss58.h"
#include "up/fleet_plan.h"
#include "up/fleet_table.h"
#include "up/verdict.h"
#include "validator/status.h"

#include <span>
#include <vector>

namespace assay::up {

struct FleetStatus {
  FleetProgress progress = {};
  std::vector<Judged> miners = {};
};

/// Put names to the hotkeys, and judge. `hotkeys` are those of the plan's miners, in its order; a
/// member that is not in the plan keeps its address as name.
FleetStatus fleet_status(const validator::ValidatorStatus& status, const FleetPlan& plan,
                         std::span<const keys::Hotkey> hotkeys);

}  // namespace assay::up

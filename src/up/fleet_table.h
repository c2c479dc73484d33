/// \file
/// The table of a local network: who answered how, what that earned, and what it says.

#pragma once

#include "up/verdict.h"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay::up {

/// The facts above the table.
struct FleetProgress {
  std::chrono::seconds elapsed{0};
  std::uint64_t num_rounds = 0;
  std::uint64_t block = 0;
  std::uint64_t num_jobs = 0;
  /// What the chain said to the last weights; empty: none were set.
  std::string weights = {};
  /// Members that are not running just now, with the reason; empty: all run.
  std::string not_running = {};
};

/// The table, with why each verdict is what it is. Names are made fit for a terminal.
std::string fleet_table(const FleetProgress& progress, std::span<const Judged> miners);
/// One line: counts and the verdicts so far, for a log.
std::string fleet_line(const FleetProgress& progress, std::span<const Judged> miners);
/// One JSON object with the same facts.
std::string fleet_json(const FleetProgress& progress, std::span<const Judged> miners);

}  // namespace assay::up

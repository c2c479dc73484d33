/// \file
/// The programs that a local network consists of: one validator and its miners.

#pragma once

#include "supervision/supervisor.h"
#include "up/network_folder.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::up {

struct MemberSettings {
  /// The program `assay` itself.
  std::filesystem::path program = {};
  /// Between two challenges.
  std::chrono::milliseconds challenge_interval{500};
  /// For a miner to answer.
  std::chrono::milliseconds answer_timeout = std::chrono::seconds(9);
  /// Between two generation jobs for each miner.
  std::chrono::milliseconds job_interval = std::chrono::seconds(5);
  /// A validator whose status is older is stuck.
  std::chrono::milliseconds heartbeat_limit = std::chrono::seconds(60);
};

/// The miners first, then the validator. They see no settings and no keys but those of the folder.
std::vector<supervision::MemberOptions> members_of(const NetworkFolder& folder,
                                                   const FleetPlan& plan,
                                                   const MemberSettings& settings);

}  // namespace assay::up

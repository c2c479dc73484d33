/// \file
/// Which miners a local network has, and where everybody listens.

#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::up {

/// The name of the validator's hotkey; no miner has it.
inline constexpr std::string_view kValidatorName = "validator";
/// Each kind that a validator should tell apart; the pair that answers alike counts twice.
inline constexpr std::string_view kDefaultMiners =
    "honest,slow,guessing,yes-saying,colluding:2,offline,false-claiming";
/// A local network is for one machine.
inline constexpr std::size_t kMaxMiners = 64;

struct PlannedMiner {
  std::string name = {};  ///< Of its hotkey, such as `colluding-2`.
  std::string character = {};
  std::uint16_t port = 0;  ///< Of its axon; 0 until one is chosen.

  bool operator==(const PlannedMiner&) const = default;
};

struct FleetPlan {
  /// Below 2^63. Makes the images of the cache; keys are random all the same.
  std::uint64_t seed = 1;
  std::uint16_t callback_port = 0;  ///< Of the validator; 0 until one is chosen.
  std::vector<PlannedMiner> miners = {};

  bool operator==(const FleetPlan&) const = default;
};

/// Read `honest:2,slow`: characters, with how many of each. The names are numbered where there are
/// several. Errors: kInvalidInput (a character that no miner has, none at all, or too many).
Result<std::vector<PlannedMiner>> parse_miner_list(std::string_view text);

/// The list that parse_miner_list() makes the same miners of.
std::string miner_list_text(const std::vector<PlannedMiner>& miners);

/// As the file of the plan holds it.
std::string to_json(const FleetPlan& plan);
/// Errors: kCorrupt (not JSON), kInvalidInput (of another format, or a member that is missing or of
///         another kind).
Result<FleetPlan> parse_fleet_plan(std::string_view text);

}  // namespace assay::up

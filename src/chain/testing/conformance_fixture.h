/// \file
/// The network that the conformance suite asks about, and how an implementation is put under it.

#pragma once

#include "chain/network.h"
#include "chain/testing/scripted_network.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace assay::chain::testing {

/// The network that a fixture holds: uid 0 may validate, uids 1 to 3 may not and have no stake; all
/// were registered at least 1000 blocks ago, nobody serves, nobody set weights.
inline constexpr Netuid kConformanceNetuid{7};
inline constexpr Hyperparameters kConformanceRules{.tempo = 20,
                                                   .min_allowed_weights = 2,
                                                   .weights_version_key = 2004,
                                                   .weights_rate_limit = 10,
                                                   .activity_cutoff = 5000,
                                                   .serving_rate_limit = 5};
inline constexpr std::uint64_t kConformanceStakeRao = 5000 * kRaoPerTao;
inline constexpr std::uint64_t kConformanceMinStakeRao = 1000 * kRaoPerTao;
/// The hotkey of uid N is made_up_hotkey(N + 1); this one is not registered.
inline constexpr std::uint8_t kStranger = 99;

/// Weights that it takes.
inline const std::vector<WeightEntry> kConformanceWeights = {{3, 32'768}, {1, 65'535}};

/// That network as a script.
std::shared_ptr<ScriptedChain> conformance_chain();

class NetworkFixture {
 public:
  virtual ~NetworkFixture() = default;
  /// The one network, as this hotkey or nobody sees it; another object at each call.
  virtual std::unique_ptr<Network> seen_by(const std::optional<keys::Hotkey>& self) = 0;
  virtual void pass_blocks(BlockCount count) = 0;
};

struct NetworkMaker {
  std::string name;
  std::function<std::unique_ptr<NetworkFixture>()> make;
};

/// What a failed test prints instead of the maker's bytes.
inline void PrintTo(const NetworkMaker& maker, std::ostream* stream) { *stream << maker.name; }

}  // namespace assay::chain::testing

/// \file
/// What a chain refuses, in its order and with its names, as functions of plain facts: for chains
/// that are simulated.

#pragma once

#include "chain/network.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain {

/// What the chain looks at when somebody sets weights.
struct WeightFacts {
  BlockNumber block = 0;
  /// Whether the chain has the network that is meant.
  bool has_network = true;
  std::size_t num_neurons = 0;
  std::uint64_t min_stake_rao = 0;
  Hyperparameters rules = {};
  /// Of the sender; nothing when it is not registered.
  struct Sender {
    Uid uid = 0;
    std::uint64_t stake_rao = 0;
    bool has_validator_permit = false;
    bool is_owner = false;
    BlockNumber last_update = 0;
  };
  std::optional<Sender> sender = std::nullopt;
};

/// The first reason to refuse these weights; nothing when they are taken. In this order:
/// CanNotSetRootNetworkWeights, MechanismDoesNotExist, UidsLengthExceedUidsInSubNet,
/// HotKeyNotRegisteredInSubNet, NotEnoughStakeToSetWeights, IncorrectWeightVersionKey,
/// SettingWeightsTooFast (kRateLimited), NeuronNoValidatorPermit, DuplicateUids,
/// UidVecContainInvalidOne, WeightVecLengthIsLow, MaxWeightExceeded.
std::optional<WriteOutcome> weights_refusal(const WeightFacts& facts,
                                            const WeightSubmission& submission);

/// The weights as the chain keeps them: the largest becomes 65535.
std::vector<WeightEntry> kept_weights(std::span<const WeightEntry> weights);

struct ServeFacts {
  BlockNumber block = 0;
  bool has_network = true;
  bool is_registered = false;
  bool allows_loopback = false;
  BlockCount serving_rate_limit = 0;
  /// Nothing when it never served.
  std::optional<BlockNumber> last_served = std::nullopt;
};

/// The first reason to refuse this axon; nothing when it is taken. In this order: SubnetNotExists,
/// HotKeyNotRegisteredInNetwork, InvalidIpType (no address at all), InvalidIpAddress,
/// ServingRateLimitExceeded (kRateLimited), InvalidPort.
std::optional<WriteOutcome> axon_refusal(const ServeFacts& facts, const Axon& axon);

/// An IPv4 or IPv6 address in its one short form; nothing when it is none.
std::optional<std::string> canonical_ip(std::string_view text);

}  // namespace assay::chain

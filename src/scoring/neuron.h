/// \file
/// What the chain says of the members of a network, as far as scores and weights need it.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::scoring {

/// A slot of the network. Slots are reused: with another hotkey it is another miner.
using Uid = std::uint16_t;

struct Neuron {
  std::string hotkey = {};
  bool is_serving = false;
  bool has_validator_permit = false;
  double stake = 0;
};

/// With a permit and more stake than this a member counts as validator, not miner. With less, a
/// permit says little: small subnets hand it to miners too.
inline constexpr double kValidatorStakeLimit = 40'096;

bool is_validator(const Neuron& neuron, double stake_limit = kValidatorStakeLimit);

/// Whether this member may be asked: it serves, and is no validator.
bool is_available(const Neuron& neuron, double stake_limit = kValidatorStakeLimit);

/// The uids that may be asked, but for `own_uid`. Order: rising.
std::vector<Uid> available_uids(std::span<const Neuron> neurons, Uid own_uid,
                                double stake_limit = kValidatorStakeLimit);

}  // namespace assay::scoring

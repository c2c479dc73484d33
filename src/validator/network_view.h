/// \file
/// The network as a validator sees it: who may be asked, who counts as validator, who it is itself.

#pragma once

#include "chain/metagraph.h"
#include "core/timestamp.h"
#include "scoring/neuron.h"
#include "validator/courier.h"

#include <memory>
#include <optional>
#include <vector>

namespace assay::validator {

/// Immutable once made; shared between the thread that reads the chain and the one that asks.
struct NetworkView {
  chain::Metagraph metagraph = {};
  chain::Hyperparameters rules = {};
  /// By our clock.
  Timestamp read_at = {};
  std::optional<scoring::Uid> own_uid = std::nullopt;
  /// The block of its last weights, or of its registration; 0 when it is not registered.
  chain::BlockNumber own_last_update = 0;
  /// By uid, as scores see them.
  std::vector<scoring::Neuron> neurons = {};
};

std::shared_ptr<const NetworkView> make_network_view(chain::Metagraph metagraph,
                                                     const chain::Hyperparameters& rules,
                                                     const keys::Hotkey& self, Timestamp read_at);

/// Where a member listens. Pre: it serves.
MinerAddress address_of(const NetworkView& view, scoring::Uid uid);

}  // namespace assay::validator

/// \file
/// A network by its address.

#pragma once

#include "chain/network.h"
#include "chain/network_address.h"
#include "core/clock.h"
#include "core/result.h"

#include <memory>
#include <optional>

namespace assay::chain {

/// Lifetime: `clock` outlives the network.
/// Errors: those of Network; kMissing for a node of a real chain, which this build cannot reach.
Result<std::unique_ptr<Network>> open_network(const NetworkAddress& address,
                                              const std::optional<keys::Hotkey>& self,
                                              const Clock& clock);

}  // namespace assay::chain

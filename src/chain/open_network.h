/// \file
/// A network by its address.

#pragma once

#include "chain/network.h"
#include "chain/network_address.h"
#include "core/clock.h"
#include "core/result.h"

#include <filesystem>
#include <memory>
#include <optional>

namespace assay::chain {

/// How a node of a real chain is reached: by the official SDK in a process of its own.
struct RemoteAccess {
  /// The Python of an environment with the packages of deps/chain-wheels.txt; empty for none.
  std::filesystem::path python = {};
  /// The plain file of the hotkey that writes are signed with; empty when nothing is written.
  std::filesystem::path hotkey_file = {};
};

/// Lifetime: `clock` outlives the network.
/// Errors: those of Network; kMissing for a node of a real chain when no Python is given.
Result<std::unique_ptr<Network>> open_network(const NetworkAddress& address,
                                              const std::optional<keys::Hotkey>& self,
                                              const Clock& clock, const RemoteAccess& remote = {});

}  // namespace assay::chain

#include "chain/open_network.h"

#include "chain/local_network.h"

#include <fmt/format.h>

#include <utility>

namespace assay::chain {

Result<std::unique_ptr<Network>> open_network(const NetworkAddress& address,
                                              const std::optional<keys::Hotkey>& self,
                                              const Clock& clock) {
  if (address.kind == NetworkKind::kRemote) {
    return missing(fmt::format("network '{}': this build reaches no real chain; use local:PATH",
                               address.text));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Network> network, LocalNetwork::open(address.path, self, clock));
  return network;
}

}  // namespace assay::chain

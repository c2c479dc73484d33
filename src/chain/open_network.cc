#include "chain/open_network.h"

#include "chain/local_network.h"
#include "chain/sidecar_network.h"
#include "chain/sidecar_program_internal.h"

#include <fmt/format.h>

#include <utility>

namespace assay::chain {

Result<std::unique_ptr<Network>> open_network(const NetworkAddress& address,
                                              const std::optional<keys::Hotkey>& self,
                                              const Clock& clock, const RemoteAccess& remote) {
  if (address.kind == NetworkKind::kLocal) {
    ASSIGN_OR_RETURN(std::unique_ptr<Network> network,
                     LocalNetwork::open(address.path, self, clock));
    return network;
  }
  if (remote.python.empty()) {
    return missing(
        fmt::format("network '{}' is reached by Bittensor's SDK in Python, and none is there: run "
                    "`assay chain install`, set chain.python to one of your own, or use local:PATH",
                    address.text));
  }
  if (self.has_value() != !remote.hotkey_file.empty()) {
    return internal("a real chain is asked for a hotkey by its file, or for none");
  }
  return std::make_unique<SidecarNetwork>(SidecarOptions{.program = remote.python,
                                                         .arguments = sidecar_arguments(),
                                                         .network = address.text,
                                                         .hotkey_file = remote.hotkey_file},
                                          self, clock);
}

}  // namespace assay::chain

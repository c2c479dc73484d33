#include "validator/network_view.h"

#include "core/check.h"

#include <utility>

namespace assay::validator {
namespace {

bool is_serving(const chain::Neuron& neuron) {
  return neuron.axon && neuron.axon->port != 0 && !neuron.axon->ip.empty() &&
         neuron.axon->ip != "0.0.0.0" && neuron.axon->ip != "::";
}

}  // namespace

std::shared_ptr<const NetworkView> make_network_view(chain::Metagraph metagraph,
                                                     const chain::Hyperparameters& rules,
                                                     const keys::Hotkey& self, Timestamp read_at) {
  auto view = std::make_shared<NetworkView>();
  view->rules = rules;
  view->read_at = read_at;
  view->neurons.reserve(metagraph.neurons.size());
  for (const chain::Neuron& neuron : metagraph.neurons) {
    if (neuron.hotkey == self) {
      view->own_uid = neuron.uid;
      view->own_last_update = neuron.last_update;
    }
    view->neurons.push_back({.hotkey = neuron.hotkey.to_ss58(),
                             .is_serving = is_serving(neuron),
                             .has_validator_permit = neuron.has_validator_permit,
                             .stake = neuron.stake_tao()});
  }
  view->metagraph = std::move(metagraph);
  return view;
}

MinerAddress address_of(const NetworkView& view, scoring::Uid uid) {
  const chain::Neuron& neuron = view.metagraph.neurons.at(uid);
  CHECK(neuron.axon.has_value(), "a member that does not serve is not asked");
  return {.uid = uid, .hotkey = neuron.hotkey, .ip = neuron.axon->ip, .port = neuron.axon->port};
}

}  // namespace assay::validator

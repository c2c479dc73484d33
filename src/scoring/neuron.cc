#include "scoring/neuron.h"

#include <cstddef>

namespace assay::scoring {

bool is_validator(const Neuron& neuron, double stake_limit) {
  return neuron.has_validator_permit && neuron.stake > stake_limit;
}

bool is_available(const Neuron& neuron, double stake_limit) {
  return neuron.is_serving && !is_validator(neuron, stake_limit);
}

std::vector<Uid> available_uids(std::span<const Neuron> neurons, Uid own_uid, double stake_limit) {
  std::vector<Uid> uids;
  for (std::size_t i = 0; i < neurons.size(); ++i) {
    const auto uid = static_cast<Uid>(i);
    if (uid != own_uid && is_available(neurons[i], stake_limit)) uids.push_back(uid);
  }
  return uids;
}

}  // namespace assay::scoring

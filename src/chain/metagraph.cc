#include "chain/metagraph.h"

#include <algorithm>

namespace assay::chain {

double to_tao(std::uint64_t rao) {
  return static_cast<double>(rao) / static_cast<double>(kRaoPerTao);
}

const Neuron* Metagraph::find(const keys::Hotkey& hotkey) const {
  const auto found = std::ranges::find(neurons, hotkey, &Neuron::hotkey);
  return found == neurons.end() ? nullptr : &*found;
}

}  // namespace assay::chain

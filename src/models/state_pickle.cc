#include "models/state_pickle.h"

#include "models/pickle_machine_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace assay::models {
namespace {

/// What training programs call the state dict within the dict they save.
constexpr std::array<std::string_view, 3> kOuterNames = {"model_state_dict", "state_dict", "model"};

/// The last item of this name that is a dict.
const PickleDict* inner_dict(const PickleMachine& machine, const PickleDict& dict,
                             std::string_view name) {
  const PickleDict* found = nullptr;
  for (const auto& [key, value] : dict.items) {
    const auto* text = machine.as<std::string>(key);
    if (text != nullptr && *text == name) found = machine.as<PickleDict>(value);
  }
  return found;
}

const PickleDict* state_dict_of(const PickleMachine& machine, const PickleDict* root) {
  for (const std::string_view name : kOuterNames) {
    const PickleDict* inner = inner_dict(machine, *root, name);
    if (inner != nullptr) return inner;
  }
  return root;
}

}  // namespace

Result<std::vector<PickledTensor>> read_state_pickle(std::string_view pickle) {
  if (pickle.size() > kMaxPickleSize.count()) {
    return exhausted(fmt::format("a pickle of {} bytes; at most {} are read", pickle.size(),
                                 kMaxPickleSize.count()));
  }
  PickleMachine machine(pickle);
  ASSIGN_OR_RETURN(const PickleRef root_ref, machine.run());
  const auto* root = machine.as<PickleDict>(root_ref);
  if (root == nullptr)
    return invalid_input("not a state dict: the file holds another kind of value");
  std::vector<PickledTensor> tensors;
  std::unordered_map<std::string_view, std::size_t> positions;
  for (const auto& [key, value] : state_dict_of(machine, root)->items) {
    const auto* name = machine.as<std::string>(key);
    const auto* tensor = machine.as<PickleTensor>(value);
    if (name == nullptr) return invalid_input("not a state dict: a key is not a text");
    if (tensor == nullptr) {
      return invalid_input(fmt::format("not a state dict: '{}' is not a tensor", *name));
    }
    if (!tensor->is_contiguous && !tensor->is_index) {
      return invalid_input(
          fmt::format("tensor '{}' is not contiguous; save it with contiguous()", *name));
    }
    PickledTensor found{.name = *name,
                        .storage = tensor->storage,
                        .storage_elements = tensor->storage_elements,
                        .first = tensor->first,
                        .shape = tensor->shape,
                        .is_index = tensor->is_index};
    const auto [position, is_new] = positions.emplace(*name, tensors.size());
    if (is_new) {
      tensors.push_back(std::move(found));
    } else {
      tensors[position->second] = std::move(found);
    }
  }
  if (tensors.empty()) return invalid_input("the file holds no tensors");
  return tensors;
}

}  // namespace assay::models

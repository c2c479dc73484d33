/// \file
/// The pickle of a torch file: no content may crash the reader, and every tensor of weights that it
/// gives lies within its storage.

#include "fuzz_target.h"
#include "models/state_pickle.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

FUZZ_TARGET(state_pickle) {
  const auto tensors =
      assay::models::read_state_pickle(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!tensors) return 0;
  for (const auto& tensor : *tensors) {
    if (tensor.is_index) continue;  // nothing reads those
    std::uint64_t count = 1;
    for (const std::uint64_t length : tensor.shape) count *= length;
    if (tensor.first > tensor.storage_elements || count > tensor.storage_elements - tensor.first) {
      std::abort();
    }
  }
  return 0;
}

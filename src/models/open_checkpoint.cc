#include "core/result.h"
#include "models/checkpoint.h"
#include "models/safetensors.h"
#include "models/torch_checkpoint.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

// Apart from the class, so that what reads tensors needs none of the formats.

namespace assay::models {

Result<Checkpoint> open_checkpoint(std::unique_ptr<files::ByteSource> source) {
  std::array<std::byte, 4> start{};
  ASSIGN_OR_RETURN(const std::size_t got, source->read_at(0, start));
  constexpr std::array<char, 4> kZip = {'P', 'K', '\x03', '\x04'};
  if (got == start.size() && std::memcmp(start.data(), kZip.data(), kZip.size()) == 0) {
    return open_torch_checkpoint(std::move(source));
  }
  return open_safetensors(std::move(source));
}

}  // namespace assay::models

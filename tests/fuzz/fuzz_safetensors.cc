/// \file
/// A safetensors file: no content may crash the reader, and what it gives can be read.

#include "files/byte_source.h"
#include "fuzz_target.h"
#include "models/safetensors.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

FUZZ_TARGET(safetensors) {
  std::string file(reinterpret_cast<const char*>(data), size);
  const auto opened =
      assay::models::open_safetensors(assay::files::memory_byte_source("fuzz", std::move(file)));
  if (!opened) return 0;
  for (const auto& [name, info] : opened->tensors()) {
    const auto values = opened->values(info);
    if (!values || values->size() != info.num_elements) std::abort();
  }
  return 0;
}

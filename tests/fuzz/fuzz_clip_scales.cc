/// \file
/// The file of what int8 needs: no content may crash its reader, and numbers that were written are
/// read as they were. The input is such a file, and the bytes of such numbers.

#include "core/check.h"
#include "fuzz_target.h"
#include "models/clip_scales.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

FUZZ_TARGET(clip_scales) {
  using namespace assay::models;
  const assay::Sha256 model{assay::Sha256::Bytes{}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_clip_scales(text, {.model = model, .shape = {.num_layers = 1, .hidden = 2}});

  ClipScales scales{.model = model};
  for (std::size_t at = 0; at + sizeof(float) <= size && at < 4096; at += sizeof(float)) {
    float number = 0;
    std::memcpy(&number, data + at, sizeof number);
    if (std::isfinite(number)) scales.block_inputs.push_back(std::abs(number));
  }
  const ClipShape shape{.num_layers = 1, .hidden = scales.block_inputs.size()};
  const auto read = parse_clip_scales(to_json(scales), {.model = model, .shape = shape});
  CHECK(read.has_value() && read->block_inputs == scales.block_inputs,
        "what was written is read again");
  return 0;
}

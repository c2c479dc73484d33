/// \file
/// One image that is made, from its seed to its bytes.

#pragma once

#include "cache/generate.h"
#include "cache/generator.h"
#include "cache/store.h"
#include "core/result.h"

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::cache {

/// An image on its way.
struct GenerationWork {
  GenerationRequest request = {};
  GenerationOrigin origin = {};
  std::string name = {};
  GenerateOutcome outcome = GenerateOutcome::kAdded;
  std::vector<std::byte> bytes = {};
  std::optional<ExaminedImage> image = {};
  bool has_no_room = false;           ///< It would have been added.
  std::optional<Error> failure = {};  ///< Of this image alone.
  std::optional<LabelScore> label_score = {};
};

/// Fill in all of `work` but its request and its name. Threads: safe from any, each with its own
/// work. Errors: as generate(); those of this image alone are noted in it.
Status make_image(Store& store, const ImageGenerator& generator,
                  const GeneratorCapabilities& capabilities, const LabelCheck& check,
                  GenerationWork& work, const std::stop_token& stop);

}  // namespace assay::cache

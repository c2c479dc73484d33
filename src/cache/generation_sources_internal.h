/// \file
/// The images that others are made from, or that who writes a prompt looks at.

#pragma once

#include "cache/generate.h"
#include "cache/generator.h"
#include "cache/store.h"
#include "core/random.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace assay::cache {

class SourcePool {
 public:
  /// Put what can be served from `folder` behind what is here, in any order. Errors: as Store.
  Status add(Store& store, ItemFolder folder, RandomSource& random);

  /// Each to which the generator does not object, then again from the first. What its sidecar says
  /// by now counts.
  std::optional<GenerationSource> next(Label label, const Store& store,
                                       const ImageGenerator& generator,
                                       const std::function<void(RefusedSource)>& on_refused);

  /// Each in its turn, as it is.
  std::optional<GenerationSource> next_example(Label label);

 private:
  std::map<Label, std::deque<Item>> items_;  // the next one first
};

}  // namespace assay::cache

/// \file
/// The engine's exceptions become errors, next to where it is called.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace assay::models {

/// The last line of what the engine says: its source lines stand in front, a line each.
inline std::string engine_words(const std::exception& exception) {
  std::string words = exception.what();
  while (words.ends_with('\n')) words.pop_back();
  const std::size_t start = words.rfind('\n');
  if (start != std::string::npos) words.erase(0, start + 1);
  return words;
}

/// Run `action`, which may throw as the engine does. Errors: kInternal: `what`, and the engine's
/// own words.
template <typename Action>
auto with_engine(std::string_view what, Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::exception& exception) {
    return internal(std::string(what) + ": " + engine_words(exception));
  }
}

}  // namespace assay::models

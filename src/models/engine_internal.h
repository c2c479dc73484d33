/// \file
/// The one engine of the process, and its errors as ours.

#pragma once

#include "core/error.h"

#include <fmt/format.h>

#include <exception>
#include <openvino/runtime/core.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace assay::models {

/// The engine; its drivers are loaded when first asked for. Threads: safe from any thread.
ov::Core& engine_core();

/// Run `action`, which may throw as the engine does. Errors: kInternal, with the engine's words.
template <typename Action>
auto with_engine(std::string_view what, Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::exception& exception) {
    std::string words = exception.what();
    // The engine puts its source lines in front, a line each: the last one says what happened.
    while (words.ends_with('\n')) words.pop_back();
    const std::size_t start = words.rfind('\n');
    if (start != std::string::npos) words.erase(0, start + 1);
    return internal(fmt::format("{}: {}", what, words));
  }
}

}  // namespace assay::models

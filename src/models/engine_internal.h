/// \file
/// The one engine of the process, and its errors as ours.

#pragma once

#include "core/error.h"

#include <exception>
#include <openvino/runtime/core.hpp>
#include <string_view>

namespace assay::models {

/// The engine; its drivers are loaded when first asked for. Threads: safe from any thread.
ov::Core& engine_core();

/// `what`, and the engine's own words. kInternal.
Error engine_error(std::string_view what, const std::exception& exception);

/// Run `action`, which may throw as the engine does. Errors: kInternal, with the engine's words.
template <typename Action>
auto with_engine(std::string_view what, Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::exception& exception) {
    return engine_error(what, exception);
  }
}

}  // namespace assay::models

/// \file
/// Doing something again whenever a history has grown.

#pragma once

#include "core/result.h"

#include <filesystem>
#include <functional>
#include <stop_token>

namespace assay::cli {

/// Call `show` now, and again whenever a file of the history in `folder` is another than before, at
/// most once a second, until a stop is asked for. A folder that cannot be listed counts as empty:
/// `show` says why. Errors: those of `show`, which end the watch.
Status watch_history(const std::filesystem::path& folder, const std::function<Status()>& show,
                     const std::stop_token& stop);

}  // namespace assay::cli

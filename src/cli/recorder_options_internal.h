/// \file
/// Options of the commands that write a history.

#pragma once

#include "core/config.h"
#include "recorder/recorder.h"

#include <CLI/CLI.hpp>

namespace assay::cli {

struct RecorderFlags {
  recorder::RecorderOptions options;
  void add_to(CLI::App& command);
  /// The options with what the settings say.
  recorder::RecorderOptions options_with(const Config& settings) const;
};

}  // namespace assay::cli

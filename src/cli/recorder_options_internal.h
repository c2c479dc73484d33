/// \file
/// Options of the commands that write a history.

#pragma once

#include "core/config.h"
#include "records/recorder.h"

#include <CLI/CLI.hpp>

namespace assay::cli {

struct RecorderFlags {
  records::RecorderOptions options;
  void add_to(CLI::App& command);
  /// The options with what the settings say.
  records::RecorderOptions options_with(const Config& settings) const;
};

}  // namespace assay::cli

/// \file
/// Options of the commands that write a history.

#pragma once

#include "records/recorder.h"

#include <CLI/CLI.hpp>

namespace assay::cli {

struct RecorderFlags {
  records::RecorderOptions options;
  void add_to(CLI::App& command);
};

}  // namespace assay::cli

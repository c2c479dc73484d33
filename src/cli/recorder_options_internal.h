/// \file
/// Options of the commands that write a history.

#pragma once

#include "core/config.h"
#include "core/result.h"
#include "recorder/recorder.h"

#include <CLI/CLI.hpp>

#include <string>

namespace assay::cli {

struct RecorderFlags {
  recorder::RecorderOptions options;
  /// In place of the settings under `history`, where they are not empty.
  std::string durability;
  std::string sync_interval;
  std::string max_queued_bytes;
  std::string when_full;
  std::string feedback_timeout;
  std::string ply_min_score;
  std::string max_ply_files;

  void add_to(CLI::App& command);
  /// The options with what the settings say. Errors: kInvalidInput.
  Result<recorder::RecorderOptions> options_with(const Config& settings) const;
};

}  // namespace assay::cli

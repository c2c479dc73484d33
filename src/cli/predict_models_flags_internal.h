/// \file
/// Options of the commands that run models.

#pragma once

#include "app/predict_session.h"
#include "cli/command_internal.h"
#include "core/result.h"
#include "embedding/embed_images.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <string>

namespace assay::cli {

struct ModelFlags {
  std::string root = "data";
  std::string clip;
  std::string activation;
  std::string precision = "auto";
  std::size_t num_threads = 0;

  void add_to(CLI::App& command);
  /// Errors: kInvalidInput; the values were checked when they were read.
  Result<app::PredictSessionOptions> options() const;
  std::size_t num_workers() const;
};

/// Told unless the user wants no remarks.
app::Int8Samples::Remarks int8_remarks(const Session& session);

/// `0/4`: the first of four. Errors: kInvalidInput.
Result<embedding::Shard> parse_shard(const std::string& text);

}  // namespace assay::cli

/// \file
/// The options that say who makes the images of a miner's generation jobs.

#pragma once

#include "app/image_generator.h"
#include "cli/command_internal.h"

#include <cstdint>
#include <optional>
#include <string>

namespace assay::cli {

struct MinerGeneratorFlags {
  std::string generator = "scene";
  std::string api = "openai";
  std::string model;
  std::string key_file;
  std::optional<std::int64_t> steps;
  std::string size;
  std::string deadline = "5m";

  void add_to(CLI::App& command);
  /// Errors: kInvalidInput (options that the generator does not have).
  Result<app::GeneratorChoices> choices() const;
};

}  // namespace assay::cli

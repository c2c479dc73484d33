/// \file
/// The options that say who makes images for a cache, and from which words.

#pragma once

#include "app/image_generator.h"
#include "cli/command_internal.h"

#include <cstdint>
#include <optional>
#include <string>

namespace assay::cli {

struct CacheGeneratorFlags {
  std::string provider = "scene";
  std::string api = "openai";
  app::ServiceChoices service = {};
  cache::GenerationSettings settings = {};
  std::string prompts = "template";
  app::ServiceChoices chat = {};
  std::string deadline = "5m";
  std::string device = "CPU";
  std::string precision = "auto";

  void add_to(CLI::App& command);
  /// Errors: kInvalidInput (options that the provider does not have).
  Result<app::GeneratorChoices> choices() const;
};

}  // namespace assay::cli

/// \file
/// The options that say who makes images for a cache, and from which words.

#pragma once

#include "app/image_generator.h"
#include "cli/command_internal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::cli {

/// Read a size like 1024x576. Errors: kInvalidInput.
Result<images::ImageSize> parse_image_size(std::string_view text);

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

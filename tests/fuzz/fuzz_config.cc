/// \file
/// Fuzzes the settings: the file, and the first line also as the value of a variable.

#include "core/config.h"
#include "fuzz_target.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

FUZZ_TARGET(config) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const assay::ConfigSources from_file{
      .files = {"assay.toml"},
      .read_file = [&](const std::filesystem::path&) -> assay::Result<std::optional<std::string>> {
        return std::optional<std::string>(text);
      }};
  const auto config = assay::Config::load(from_file);
  if (config) (void)config->origins();

  const std::string first_line = text.substr(0, text.find('\n'));
  (void)assay::Config::load({.environment = {{"ASSAY_AUDIT_FDR", first_line}}});
  (void)assay::Config::load({.environment = {{"ASSAY_" + first_line, "1"}}});
  return 0;
}

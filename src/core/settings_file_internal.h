/// \file
/// The settings of one TOML file as text, before they are held against the table.

#pragma once

#include "core/result.h"
#include "core/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace assay {

struct FileSetting {
  std::string key = {};
  /// In the form that the environment has.
  std::string text = {};
  SettingKind kind = SettingKind::kText;
  /// Counted from 1.
  std::size_t line = 0;
};

/// Errors: kInvalidInput (not TOML, more dots than a settings file has, or a list, date or the like
///         in place of a value); the message begins with the line where there is one.
Result<std::vector<FileSetting>> parse_settings_file(std::string_view content);

}  // namespace assay

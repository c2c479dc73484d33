/// \file
/// The table of all settings: what a person can write into assay.toml.

#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace assay {

enum class SettingKind : std::uint8_t { kText, kInteger, kNumber, kBoolean, kDuration };

/// Whether `assay config show` prints the value as it is. Secrets are never settings, only paths of
/// files; but the address of a webhook often carries a token in its path.
enum class SettingDisplay : std::uint8_t { kPlain, kHostOnly };

struct Setting {
  /// `section.name`; in the environment ASSAY_SECTION_NAME.
  std::string_view key;
  SettingKind kind = SettingKind::kText;
  /// In the form that the environment has. Empty text means "not set".
  std::string_view default_text;
  /// One line.
  std::string_view help;
  /// Bounds of an integer or number, both allowed.
  double minimum = std::numeric_limits<double>::lowest();
  double maximum = std::numeric_limits<double>::max();
  /// The allowed texts with a bar between; empty allows any.
  std::string_view choices = {};
  SettingDisplay display = SettingDisplay::kPlain;
};

/// All settings. Order: by key.
std::span<const Setting> settings();

/// Variables of the environment that begin with ASSAY_ and are no settings.
bool is_reserved_variable(std::string_view name);

/// "a text", "a whole number", ...
std::string_view to_string(SettingKind kind);

}  // namespace assay

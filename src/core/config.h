/// \file
/// Settings from flags, the environment and files, each with where it came from.

#pragma once

#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

/// Names and their values, as the environment or a command line gives them.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// Everything settings come from; tests give their own world.
struct ConfigSources {
  /// Setting keys given on the command line, such as `log.level`.
  NamedTexts flags = {};
  /// The whole environment; names that do not begin with ASSAY_ are not looked at.
  NamedTexts environment = {};
  /// Files that may be absent, the one that wins first.
  std::vector<std::filesystem::path> files = {};
  /// A file that was asked for by name: read in place of `files`, and it must be there.
  std::optional<std::filesystem::path> required_file = std::nullopt;
  /// The content of a file, or nothing when it is not there. Should refuse what is larger
  /// than kMaxConfigFileSize.
  std::function<Result<std::optional<std::string>>(const std::filesystem::path&)> read_file = {};
};

/// The environment of this process.
NamedTexts process_environment();

/// `assay.toml` in the current folder, then assay/assay.toml under $XDG_CONFIG_HOME (by default
/// ~/.config).
std::vector<std::filesystem::path> config_file_candidates(const NamedTexts& environment);

/// A setting as `assay config show --origin` prints it.
struct ConfigOrigin {
  std::string key;
  /// Fit to be shown: of an address that may carry a token, the host alone.
  std::string value;
  /// `flag`, `environment ASSAY_LOG_LEVEL`, `assay.toml line 3` or `default`.
  std::string origin;
};

/// The settings of one run; every setting has a value, of its own kind.
/// Threads: immutable once loaded.
class Config {
 public:
  /// Flags win over the environment, that over files in their order, those over defaults.
  /// Errors: kInvalidInput (an unknown key or ASSAY_ variable, a value of another kind or out of
  ///         bounds, a file that is not TOML; each names file and line), kNotFound (the required
  ///         file), and those of `read_file`.
  static Result<Config> load(const ConfigSources& sources);

  /// Pre: `key` is in the table of settings, with this kind.
  const std::string& get_text(std::string_view key) const;
  std::int64_t get_integer(std::string_view key) const;
  double get_number(std::string_view key) const;
  bool get_boolean(std::string_view key) const;
  std::chrono::milliseconds get_duration(std::string_view key) const;

  /// Whether the value comes from anywhere but the table's default.
  bool is_given(std::string_view key) const;

  /// All settings. Order: by key.
  std::vector<ConfigOrigin> origins() const;

 private:
  /// A checked value as text, and where it came from; an empty origin is the default.
  struct Entry {
    std::string text;
    std::string origin;
  };

  Config() = default;
  Status apply_texts(const NamedTexts& flags);
  Status apply_environment(const NamedTexts& environment);
  Status apply_file(const std::filesystem::path& path, const std::string& content);
  const Entry& entry(std::string_view key) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace assay

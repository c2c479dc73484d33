/// \file
/// What a daemon takes up without a restart: from flags, settings and the environment file.

#pragma once

#include "cli/command_internal.h"
#include "core/config.h"
#include "validator/validator_run.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace assay::cli {

/// Flags of these; one that was not given leaves it to the setting of its name.
struct LiveFlags {
  std::optional<std::size_t> sample_size;
  std::string timeout;
  std::string interval;
  std::string mix;
  std::optional<scoring::Formula> formula;
  bool shares_copies = false;

  void add_to(CLI::App& command);
  /// Errors: kInvalidInput, which names the setting.
  Result<validator::LiveOptions> resolve(const Config& config) const;
};

/// `real=0.5,t2i=0.25,i2i=0.25`: each once, together 1. Errors: kInvalidInput.
Result<validator::MixOptions> parse_mix(std::string_view text);

/// Reads all settings as the program did at its start, and those of an environment file too: the
/// process's own environment wins over that.
class SettingsReader {
 public:
  /// `command` is one whose arguments were parsed; of it, and of the program, the flags are taken.
  SettingsReader(const CLI::App& command, std::string environment_file);

  const std::string& environment_file() const { return environment_file_; }
  /// Errors: as Config::load().
  Result<Config> load(const NamedTexts& environment_file_content) const;

 private:
  std::string config_file_;
  NamedTexts flags_;
  std::string environment_file_;
};

/// While it lives, SIGHUP ends nothing: the settings are read anew, the log's level is set, and one
/// line tells it, with what only a restart changes. Of a daemon that has no other live settings.
class LogLevelReloader {
 public:
  /// Errors: kInternal (the signal cannot be had).
  static Result<std::unique_ptr<LogLevelReloader>> start(SettingsReader settings,
                                                         const Config& config);
  virtual ~LogLevelReloader() = default;
  LogLevelReloader(const LogLevelReloader&) = delete;
  LogLevelReloader& operator=(const LogLevelReloader&) = delete;

 protected:
  LogLevelReloader() = default;
};

/// To be called now and then: after a SIGHUP it reads all anew, sets the log's level, tells in one
/// line what only a restart changes, and gives what there is to take up. Whatever cannot be read
/// leaves all as it is, which is told by an error in the log. `config` and `content` are what was
/// read at the start.
/// Errors: kInternal (the signal cannot be had).
Result<std::function<std::optional<validator::LiveOptions>()>> make_reloader(
    SettingsReader settings, const LiveFlags& flags, const Config& config,
    const NamedTexts& content);

}  // namespace assay::cli

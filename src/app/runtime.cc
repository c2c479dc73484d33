#include "app/runtime.h"

#include "core/exit_code.h"
#include "core/limits.h"
#include "core/log.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "storage/open_store.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace assay::app {
namespace {

/// A file's content, or nothing when it is not there.
Result<std::optional<std::string>> read_if_there(const std::filesystem::path& path) {
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return std::optional<std::string>();
  ASSIGN_OR_RETURN(std::string text, files::read_file(file_system, path, kMaxConfigFileSize));
  return std::optional(std::move(text));
}

}  // namespace

ConfigSources machine_config_sources(const std::string& config_file) {
  ConfigSources sources;
  sources.environment = process_environment();
  sources.files = config_file_candidates(sources.environment);
  if (!config_file.empty()) {
    sources.required_file = config_file;
  } else if (const char* named = std::getenv("ASSAY_CONFIG"); named != nullptr && *named != '\0') {
    sources.required_file = named;
  }
  sources.read_file = read_if_there;
  return sources;
}

Status configure_logging(const Config& config) {
  ASSIGN_OR_RETURN(const LogLevel level, parse_log_level(config.get_text("log.level")));
  ASSIGN_OR_RETURN(const LogFormat format, parse_log_format(config.get_text("log.format")));
  configure_log({.level = level, .format = format});
  return {};
}

void end_stuck_process(std::string_view reason) {
  log_error("a worker does not go on; ending, so that it can be started anew",
            {{"reason", reason}});
  std::_Exit(static_cast<int>(ExitCode::kFailed));
}

std::function<bool()> ending_if_stuck(std::function<std::string()> what_is_stuck) {
  return [what_is_stuck = std::move(what_is_stuck)] {
    if (const std::string stuck = what_is_stuck(); !stuck.empty()) end_stuck_process(stuck);
    return true;
  };
}

std::filesystem::path state_folder() {
  if (const char* state_home = std::getenv("XDG_STATE_HOME");
      state_home != nullptr && *state_home != '\0') {
    return std::filesystem::path(state_home) / "assay";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/") / ".local" / "state" / "assay";
}

Runtime::~Runtime() { storage::shut_down_storage(); }

}  // namespace assay::app

#include "core/log.h"

#include "core/check.h"
#include "core/clock.h"
#include "core/json_text.h"
#include "core/log_control.h"
#include "core/suggest.h"
#include "core/terminal.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <array>
#include <memory>
#include <utility>

namespace assay {
namespace {

struct NamedLevel {
  std::string_view name;
  LogLevel level;
  spdlog::level::level_enum outside;
};

constexpr std::array kLevels = {
    NamedLevel{"debug", LogLevel::kDebug, spdlog::level::debug},
    NamedLevel{"info", LogLevel::kInfo, spdlog::level::info},
    NamedLevel{"warning", LogLevel::kWarning, spdlog::level::warn},
    NamedLevel{"error", LogLevel::kError, spdlog::level::err},
    NamedLevel{"off", LogLevel::kOff, spdlog::level::off},
};

const NamedLevel& named(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

/// Our own logger, outside spdlog's registry: nothing global is built but this.
struct Log {
  explicit Log(const LogOptions& options) : format(options.format) {
    const bool coloured = options.format == LogFormat::kText && stderr_has_colour();
    auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(
        coloured ? spdlog::color_mode::always : spdlog::color_mode::never);
    // On a terminal a progress bar may stand in this line: it is wiped first, and drawn again by
    // its owner.
    const std::string_view wipe =
        options.format == LogFormat::kText && stderr_is_terminal() ? "\r\x1b[K" : "";
    const std::string pattern = options.format == LogFormat::kJson
                                    ? std::string("%v")
                                    : fmt::format("{}%Y-%m-%dT%H:%M:%SZ %^%v%$", wipe);
    sink->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    logger = std::make_unique<spdlog::logger>("assay", std::move(sink));
    logger->set_level(named(options.level).outside);
    logger->flush_on(spdlog::level::debug);
  }

  LogFormat format;
  std::unique_ptr<spdlog::logger> logger;
};

std::unique_ptr<Log>& current_log() {
  static auto log = std::make_unique<Log>(LogOptions{});
  return log;
}

/// Append `text` without quotes and with control characters escaped.
void append_plain(std::string& line, std::string_view text) {
  for (const char character : text) {
    if (static_cast<unsigned char>(character) >= 0x20 && character != 0x7f) {
      line += character;
      continue;
    }
    fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(character));
  }
}

std::string text_line(LogLevel level, std::string_view message, LogFields fields) {
  std::string line = fmt::format("{:<7} ", named(level).name);
  append_plain(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    append_plain(line, field.name);
    line += '=';
    if (field.value.empty() || field.value.find_first_of(" \"=\n\r\t") != std::string_view::npos) {
      append_json_string(line, field.value);
    } else {
      append_plain(line, field.value);
    }
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view message, LogFields fields) {
  std::string line = R"({"time":)";
  append_json_string(line, to_rfc3339(system_clock().now()));
  line += R"(,"level":)";
  append_json_string(line, named(level).name);
  line += R"(,"message":)";
  append_json_string(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.name);
    line += ':';
    if (field.is_number) {
      append_plain(line, field.value);
    } else {
      append_json_string(line, field.value);
    }
  }
  line += '}';
  return line;
}

void write(LogLevel level, std::string_view message, LogFields fields) {
  const Log& log = *current_log();
  if (!log.logger->should_log(named(level).outside)) return;
  const std::string line = log.format == LogFormat::kJson ? json_line(level, message, fields)
                                                          : text_line(level, message, fields);
  log.logger->log(named(level).outside, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void set_log_level(LogLevel level) { current_log()->logger->set_level(named(level).outside); }

Result<LogLevel> parse_log_level(std::string_view text) {
  std::array<std::string_view, kLevels.size()> names{};
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i].name == text) return kLevels[i].level;
    names[i] = kLevels[i].name;
  }
  return invalid_input(fmt::format("'{}' is no log level: expected {}{}", text.substr(0, 64),
                                   fmt::join(names, ", "), suggestion(text, names)));
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "text") return LogFormat::kText;
  if (text == "json") return LogFormat::kJson;
  return invalid_input(
      fmt::format("'{}' is no log format: expected text or json", text.substr(0, 64)));
}

void configure_log(const LogOptions& options) { current_log() = std::make_unique<Log>(options); }

void log_debug(std::string_view message, LogFields fields) {
  write(LogLevel::kDebug, message, fields);
}
void log_info(std::string_view message, LogFields fields) {
  write(LogLevel::kInfo, message, fields);
}
void log_warning(std::string_view message, LogFields fields) {
  write(LogLevel::kWarning, message, fields);
}
void log_error(std::string_view message, LogFields fields) {
  write(LogLevel::kError, message, fields);
}

bool log_is_on(LogLevel level) {
  CHECK(level != LogLevel::kOff, "no message has the level off");
  return current_log()->logger->should_log(named(level).outside);
}

}  // namespace assay

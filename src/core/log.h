/// \file
/// The log: one line a message on stderr, for people or as JSON.

#pragma once

#include "core/result.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace assay {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat : std::uint8_t { kText, kJson };

/// Read `debug`, `info`, `warning`, `error` or `off`. Errors: kInvalidInput.
Result<LogLevel> parse_log_level(std::string_view text);
/// Read `text` or `json`. Errors: kInvalidInput.
Result<LogFormat> parse_log_format(std::string_view text);

struct LogOptions {
  /// Less important messages are dropped.
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

/// Set how this process logs; until then the defaults hold. Colour only for text on a terminal
/// without NO_COLOR. Pre: no other thread logs meanwhile: called once, at the start.
void configure_log(const LogOptions& options);

/// A fact beside the message, such as {"rows", "7884"}.
struct LogField {
  std::string_view name;
  std::string_view value;
  /// The value is a number as JSON has it: written without quotes there.
  bool is_number = false;
};
using LogFields = std::initializer_list<LogField>;

/// Write one line. Line breaks and other control characters are escaped, so that text from outside
/// cannot forge a line. Never pass a secret.
/// Threads: safe from any thread; lines never mix.
void log_debug(std::string_view message, LogFields fields = {});
void log_info(std::string_view message, LogFields fields = {});
void log_warning(std::string_view message, LogFields fields = {});
void log_error(std::string_view message, LogFields fields = {});

/// Whether a message of this level is written: to save the work of preparing it.
bool log_is_on(LogLevel level);

}  // namespace assay

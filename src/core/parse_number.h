/// \file
/// Numbers and spans of time as text from people: flags, settings, environment variables.

#pragma once

#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// Read decimal digits with an optional minus sign, and nothing around them.
/// Errors: kInvalidInput (not that, or beyond 64 bits).
Result<std::int64_t> parse_integer(std::string_view text);

/// Read a finite decimal number like `0.5`, `-3` or `1e-6`, and nothing around it.
/// Errors: kInvalidInput (not that, `nan`, `inf`, or beyond a double).
Result<double> parse_real(std::string_view text);

/// Read a span of time: a number followed by `ms`, `s`, `m`, `h` or `d`, such as `30s` or `1.5h`.
/// Errors: kInvalidInput (not that, negative, or over ten years).
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration() reads back: `90s`, `24h`, `1500ms`.
std::string to_string(std::chrono::milliseconds duration);

}  // namespace assay

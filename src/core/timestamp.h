/// \file
/// Instants in UTC and their text form.

#pragma once

#include "core/result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace assay {

/// An instant in UTC, to the microsecond.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// RFC 3339 in UTC, with as many of 0, 3 or 6 fraction digits as the value needs:
/// `2025-10-27T00:00:00Z`.
std::string to_rfc3339(Timestamp instant);

/// Read an RFC 3339 instant, or a date alone (its midnight in UTC); a missing offset means UTC, and
/// a blank may stand in place of the T. Errors: kInvalidInput.
Result<Timestamp> parse_timestamp(std::string_view text);

}  // namespace assay

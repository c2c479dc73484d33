/// \file
/// Times as records hold them.

#pragma once

#include "core/timestamp.h"

#include <optional>
#include <string_view>

namespace assay::records {

struct RecordTime {
  Timestamp instant;
  bool has_offset = true;  ///< Without one it is taken as UTC.
};

/// Read `2025-11-12T21:30:45.123456+00:00` and what else Python's datetime.fromisoformat takes of
/// such: `Z`, other offsets or none, any number of decimals (cut at the microsecond), a blank for
/// the T, a date alone, and the form without separators. Nothing of anything else.
std::optional<RecordTime> parse_record_time(std::string_view text);

}  // namespace assay::records

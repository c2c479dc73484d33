/// \file
/// What callers give, checked and brought into the form that the journal keeps.

#pragma once

#include "core/result.h"
#include "records/event.h"

#include <string>
#include <string_view>

namespace assay::records {

/// An object in Python's form. `what` names it in the message.
/// Errors: kInvalidInput (no JSON object).
Result<JsonObjectText> checked_object(std::string_view what, std::string_view json);

/// Seconds of `timing` rounded to 3 places; file_size_mb of an output to 2, clip_score, also that
/// in quality_metrics, to 4. Only numbers with point or exponent change.
/// Errors: as checked_object().
Result<JsonObjectText> checked_timing(std::string_view json);
Result<JsonObjectText> checked_output(std::string_view json);

}  // namespace assay::records

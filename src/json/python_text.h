/// \file
/// JSON text as Python's json.dumps writes it: files of the old programs hold this form.

#pragma once

#include "core/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace assay::json {

/// Rewrite one JSON value as json.dumps(json.loads(text)) does: `", "` and `": "`, non-ASCII as
/// \uXXXX, shortest round-trip floats, NaN and big integers kept, of two members of one name the
/// last value at the first place. Errors: kCorrupt (what json.loads refuses), kExhausted (too
/// deep).
Result<std::string> python_dumps(std::string_view text);

/// Add the same to `json`. Errors: as python_dumps(); `json` is as it was then.
Status append_python_dumps(std::string& json, std::string_view text);

/// A member of an object. Lifetime: `value` views the object's text.
struct RawMember {
  std::string name;        ///< Decoded.
  std::string_view value;  ///< As it stands there.
};

/// The members of an object that json.loads reads, in order; of two of one name the last value at
/// the first place. Errors: as python_dumps(); kCorrupt also when it is no object.
Result<std::vector<RawMember>> python_members(std::string_view object);

/// A JSON string literal with all non-ASCII as \uXXXX, quotes included.
/// Each byte that is not of UTF-8 becomes U+FFFD; a lone surrogate of three bytes its \uDXXX.
void append_python_string(std::string& json, std::string_view text);

/// Round to `num_decimals` places, half to even on the exact decimal value, as Python's round().
/// Pre: `num_decimals` >= 0.
double python_round(double value, int num_decimals);

}  // namespace assay::json

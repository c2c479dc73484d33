/// \file
/// JSON text that is in Python's form already.

#pragma once

#include <string_view>

namespace assay::json {

/// Whether python_dumps() would give `text` back as it is. Looks once at each byte and keeps
/// nothing; of texts with escapes, many members, deep levels or long numbers it may say no all the
/// same.
bool is_python_dumps(std::string_view text);

}  // namespace assay::json

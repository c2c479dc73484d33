/// \file
/// Text that stands in JSON as it is.

#pragma once

#include <cstddef>
#include <string_view>

namespace assay::json {

/// How many bytes at the front are printable ASCII without quote and backslash.
std::size_t plain_length(std::string_view text);

}  // namespace assay::json

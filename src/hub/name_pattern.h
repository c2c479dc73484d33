/// \file
/// Patterns for the paths of files at a hub.

#pragma once

#include <string_view>

namespace assay::hub {

/// `*` and `?` match what they usually do, and slashes too: the files of a data set often lie in
/// folders.
bool matches_pattern(std::string_view path, std::string_view pattern);

}  // namespace assay::hub

/// \file
/// page.css and page.js as they stand in the build, with their hashes as a page's policy names
/// them.

#pragma once

#include <string_view>

namespace assay::report {

extern const std::string_view kStyle;
extern const std::string_view kStyleHash;
extern const std::string_view kScript;
extern const std::string_view kScriptHash;

}  // namespace assay::report

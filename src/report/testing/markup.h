/// \file
/// What tests ask of markup.

#pragma once

#include "report/html.h"

#include <string_view>

namespace assay::report::testing {

/// Ends an attribute and begins a script, wherever it comes through as it is.
inline constexpr const char* kHostile = "\"><script>alert(1)</script>";

inline bool holds(std::string_view markup, std::string_view part) { return markup.contains(part); }
inline bool holds(const Html& html, std::string_view part) { return holds(html.markup(), part); }

}  // namespace assay::report::testing

/// \file
/// What LineScan promises, by way of a whole tree: slow, and simple enough to believe.

#pragma once

#include "json/line_scan.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay::json::testing {

/// Scan `line` both ways. What differs, in words; nothing when all is equal.
/// `scan` may have read other lines before: its paths must be `paths`.
std::optional<std::string> find_disagreement(LineScan& scan,
                                             std::span<const std::string_view> paths,
                                             std::string_view line);

}  // namespace assay::json::testing

/// \file
/// What marks our report files; see docs/formats/audit-json.md.

#pragma once

#include <cstdint>
#include <string_view>

namespace assay::audit {

inline constexpr std::string_view kAuditFormat = "assay-audit";
/// Rises when a reader of the old form would misunderstand the new one; new members alone do not
/// raise it.
inline constexpr std::int64_t kAuditFormatVersion = 1;

}  // namespace assay::audit

/// \file
/// audit.html: who is suspect and why, on one page that can be passed on.

#pragma once

#include "audit/audit_report.h"

#include <string>

namespace assay::audit {

/// Render the report as one self-contained HTML page. The same report gives the same bytes.
std::string render_audit_page(const AuditReport& audit);

}  // namespace assay::audit

/// \file
/// The parts of the audit's page.

#pragma once

#include "audit/audit_report.h"
#include "report/page.h"

#include <cstddef>
#include <string>

namespace assay::audit {

/// How the two rules divide the miners.
struct SuspectCounts {
  std::size_t both = 0;
  std::size_t ratio_only = 0;
  std::size_t claims_only = 0;
  std::size_t neither = 0;
  std::size_t tested = 0;  ///< By the exact test.

  std::size_t ratio() const { return both + ratio_only; }
  std::size_t claims() const { return both + claims_only; }
  std::size_t any() const { return both + ratio_only + claims_only; }
};

SuspectCounts count_suspects(const AuditReport& audit);

/// `part` of `whole` in [0, 1]; nothing of nothing is 0.
double share_of(std::uint64_t part, std::uint64_t whole);

/// `2025-10-27 06:00`.
std::string minute_text(Timestamp instant);

void add_suspects(report::Page& page, const AuditReport& audit);
void add_miners(report::Page& page, const AuditReport& audit);
void add_hours(report::Page& page, const AuditReport& audit);
void add_models_and_statuses(report::Page& page, const AuditReport& audit);
void add_verdicts(report::Page& page, const AuditReport& audit);

}  // namespace assay::audit

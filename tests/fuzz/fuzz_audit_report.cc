/// \file
/// Fuzzes audit.json as `diff` reads it: what is accepted is written and read back as the same, and
/// can be shown and compared.

#include "audit/audit_report.h"
#include "audit/diff.h"
#include "audit/report_page.h"
#include "core/check.h"
#include "fuzz_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz_audit_report {
namespace {

bool holds_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char character) {
    return static_cast<unsigned char>(character) < 0x20 && character != '\n';
  });
}

}  // namespace

FUZZ_TARGET(audit_report) {
  namespace audit = assay::audit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto report = audit::parse_audit_report(text);
  if (!report) return 0;
  const std::string written = audit::to_json(*report);
  const auto again = audit::parse_audit_report(written);
  CHECK(again && audit::to_json(*again) == written, "a report reads back as it was written");
  CHECK(audit::render_audit_page(*report) == audit::render_audit_page(*again),
        "the same report gives the same page");
  const audit::AuditDiff from_nothing = audit::diff_reports(audit::AuditReport{}, *report);
  CHECK(!holds_control_character(audit::to_text(from_nothing)), "a name cannot steer a terminal");
  CHECK(!audit::diff_reports(*report, *report).has_changes(), "a report equals itself");
  return 0;
}

}  // namespace fuzz_audit_report

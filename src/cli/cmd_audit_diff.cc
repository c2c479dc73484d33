#include "audit/diff.h"
#include "cli/audit_options_internal.h"
#include "core/limits.h"
#include "files/atomic_file.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct DiffFlags {
  std::string before;
  std::string now;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

Result<audit::AuditReport> read_report(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text,
                   files::read_file(files::posix_file_system(), path, kMaxJsonSize));
  return with_context(audit::parse_audit_report(text), path);
}

}  // namespace

void add_diff_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<DiffFlags>();
  CLI::App& command = tree.add_command(
      group, "diff", "Show what changed between two runs of the audit.",
      {"assay audit diff last-week/audit.json reports/audit.json"},
      [flags](Session& session) -> Result<ExitCode> {
        ASSIGN_OR_RETURN(const audit::AuditReport before, read_report(flags->before));
        ASSIGN_OR_RETURN(const audit::AuditReport now, read_report(flags->now));
        const audit::AuditDiff diff = audit::diff_reports(before, now);
        RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? audit::to_json(diff)
                                                                  : audit::to_text(diff)));
        return exit_code_for(diff.has_changes() ? 1 : 0, flags->findings);
      });
  command.add_option("OLD", flags->before, "The audit.json of the earlier run.")->required();
  command.add_option("NEW", flags->now, "The audit.json of the later run.")->required();
  add_findings_flag(command, flags->findings);
}

}  // namespace assay::cli

#include "app/history_alerts.h"
#include "cli/audit_options_internal.h"
#include "cli/history_manage_options_internal.h"
#include "files/file_system.h"
#include "history/doctor.h"

#include <memory>

namespace assay::cli {
namespace {

struct HistoryDoctorFlags {
  DataFolderFlag data;
  history::DoctorOptions options;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

Result<ExitCode> run_history_doctor(const HistoryDoctorFlags& flags, Session& session) {
  history::DoctorOptions options = flags.options;
  options.disk = disk_space(flags.data.folder);
  options.min_free_share = session.config.get_number("history.min_free_share");
  ASSIGN_OR_RETURN(
      const history::DoctorReport report,
      history::examine(files::posix_file_system(), flags.data.folder, options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report) : to_text(report)));
  constexpr auto kBadLine = static_cast<std::size_t>(history::FindingKind::kBadLine);
  app::post_corrupt_lines(session.config.get_text("alerts.webhook"), flags.data.folder,
                          report.counts.at(kBadLine), session.stop);
  return exit_code_for(report.num_findings(), flags.findings);
}

}  // namespace

void add_doctor_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<HistoryDoctorFlags>();
  CLI::App& command = tree.add_command(
      group, "doctor", "Find what is missing, broken or in the way, and what to do about it.",
      {"assay history doctor --data-dir data",
       "assay history doctor --data-dir data --quick --fail-on-findings"},
      [flags](Session& session) { return run_history_doctor(*flags, session); });
  flags->data.add_to(command);
  command.add_flag_callback(
      "--quick", [flags] { flags->options.contents = history::DoctorOptions::Contents::kTrust; },
      "Do not read images and PLY files to compare their hashes.");
  add_findings_flag(command, flags->findings);
}

}  // namespace assay::cli

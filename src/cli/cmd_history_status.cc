#include "cli/history_manage_options_internal.h"
#include "files/file_system.h"
#include "history/status.h"

#include <memory>

namespace assay::cli {
namespace {

struct HistoryStatusFlags {
  DataFolderFlag data;
  NowFlag now;
};

Result<ExitCode> run_history_status(const HistoryStatusFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto clock, flags.now.clock());
  ASSIGN_OR_RETURN(const history::StatusReport report,
                   history::measure(files::posix_file_system(), flags.data.folder, *clock,
                                    {.disk = disk_space(flags.data.folder)}, session.stop));
  warn_of_waiting_events(flags.data.folder);
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report) : to_text(report)));
  return ExitCode::kOk;
}

}  // namespace

void add_status_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<HistoryStatusFlags>();
  CLI::App& command = tree.add_command(
      group, "status", "Show what takes space, when the disk is full, and what would save space.",
      {"assay history status --data-dir data", "assay history status --data-dir data --json"},
      [flags](Session& session) { return run_history_status(*flags, session); });
  flags->data.add_to(command);
  flags->now.add_to(command);
}

}  // namespace assay::cli

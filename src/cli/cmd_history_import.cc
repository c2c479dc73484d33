#include "cli/history_manage_options_internal.h"
#include "files/file_system.h"
#include "history/import.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct HistoryImportFlags {
  DataFolderFlag data;
  NowFlag now;
  std::string from;
  history::ImportOptions options;
};

Result<ExitCode> run_history_import(const HistoryImportFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto clock, flags.now.clock());
  ASSIGN_OR_RETURN(const history::ImportReport report,
                   history::import_history(files::posix_file_system(), flags.data.folder,
                                           flags.from, *clock, flags.options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report)
                                                            : to_text(report, flags.options.mode)));
  return report.num_not_taken() == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_import_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<HistoryImportFlags>();
  CLI::App& command = tree.add_command(
      group, "import", "Merge the records, images and PLY files of another folder into this one.",
      {"assay history import /mnt/old/data --data-dir data --dry-run",
       "assay history import generation_history_2025-10.jsonl.gz --data-dir data"},
      [flags](Session& session) { return run_history_import(*flags, session); });
  command
      .add_option("DIR|FILE", flags->from,
                  "A data folder, or one file of records or of late feedback; .gz and .zst are "
                  "read too.")
      ->required();
  flags->data.add_to(command);
  command.add_flag_callback(
      "--dry-run", [flags] { flags->options.mode = history::RunMode::kDryRun; },
      "Tell what would be imported, and write nothing.");
  flags->now.add_to(command);
}

}  // namespace assay::cli

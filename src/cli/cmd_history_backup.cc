#include "cli/history_backup_place_internal.h"
#include "cli/history_manage_options_internal.h"
#include "files/file_system.h"
#include "history/backup.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct BackupFlags {
  DataFolderFlag data;
  NowFlag now;
  std::string to;
  std::string credentials;
  history::BackupOptions options;
};

Result<ExitCode> run_backup(const BackupFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto clock, flags.now.clock());
  ASSIGN_OR_RETURN(const OpenedPlace opened,
                   open_backup_place(flags.to, flags.credentials, flags.data.folder));
  ASSIGN_OR_RETURN(const history::BackupReport report,
                   history::backup(files::posix_file_system(), flags.data.folder, opened.place,
                                   *clock, flags.options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report)
                                                            : to_text(report, flags.options.mode)));
  return report.problems.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_backup_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<BackupFlags>();
  CLI::App& command = tree.add_command(
      group, "backup", "Copy the data folder to another folder, S3 or GCS: only what is new.",
      {"assay history backup --data-dir data --to /mnt/backup/miner",
       "assay history backup --data-dir data --to s3://my-bucket/miner-226",
       "assay history backup --data-dir data --to gs://my-bucket/miner-226 --dry-run"},
      [flags](Session& session) { return run_backup(*flags, session); });
  flags->data.add_to(command);
  add_option(command, "--to", flags->to, "A folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX.")
      ->required()
      ->type_name("PLACE")
      ->check(check_backup_place);
  add_option(command, "--credentials", flags->credentials,
             "The service-account key for gs://; without it what the environment names.")
      ->type_name("FILE");
  command.add_flag_callback(
      "--dry-run", [flags] { flags->options.mode = history::RunMode::kDryRun; },
      "Tell what would be sent, and send nothing.");
  command.add_flag_callback(
      "--by-content",
      [flags] { flags->options.unchanged = history::BackupOptions::Unchanged::kByContent; },
      "Read files too whose size and time are as in the last backup.");
  flags->now.add_to(command);
}

}  // namespace assay::cli

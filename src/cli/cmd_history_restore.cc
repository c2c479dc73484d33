#include "cli/history_backup_place_internal.h"
#include "cli/history_manage_options_internal.h"
#include "files/file_system.h"
#include "history/backup.h"
#include "json/writer.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

enum class RestoreMode { kRestore, kList };

struct RestoreFlags {
  DataFolderFlag data;
  std::string from;
  std::string credentials;
  RestoreMode mode = RestoreMode::kRestore;
  history::RestoreOptions options;
};

Result<ExitCode> print_backups(const OpenedPlace& opened, Session& session) {
  ASSIGN_OR_RETURN(const auto ids, history::list_backups(opened.place, session.stop));
  if (ids.empty()) {
    return not_found(
        "no backup lies there; give the address that `assay history backup --to` was "
        "given");
  }
  std::string text;
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("backups").begin_list();
  for (const std::string& id : ids) {
    text += id + "\n";
    writer.text(id);
  }
  writer.end_list().end_object();
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? writer.take() + "\n" : text));
  return ExitCode::kOk;
}

Result<ExitCode> run_restore(const RestoreFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const OpenedPlace opened,
                   open_backup_place(flags.from, flags.credentials, flags.data.folder));
  if (flags.mode == RestoreMode::kList) return print_backups(opened, session);
  ASSIGN_OR_RETURN(const history::RestoreReport report,
                   history::restore(files::posix_file_system(), opened.place, flags.data.folder,
                                    flags.options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report)
                                                            : to_text(report, flags.options)));
  return report.problems.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_restore_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App& command = tree.add_command(
      group, "restore", "Bring a backup back; what is there already is left as it is.",
      {"assay history restore --from s3://my-bucket/miner-226 --data-dir data --verify",
       "assay history restore --from /mnt/backup/miner --verify --dry-run",
       "assay history restore --from /mnt/backup/miner --list"},
      [flags](Session& session) { return run_restore(*flags, session); });
  flags->data.add_to(command);
  add_option(command, "--from", flags->from, "The place that was given to backup.")
      ->required()
      ->type_name("PLACE")
      ->check(check_backup_place);
  add_option(command, "--credentials", flags->credentials,
             "The service-account key for gs://; without it what the environment names.")
      ->type_name("FILE");
  add_option(command, "--backup", flags->options.id, "Which backup; the last one without this.")
      ->type_name("ID");
  command.add_flag_callback(
      "--list", [flags] { flags->mode = RestoreMode::kList; }, "Print the backups there are.");
  command.add_flag_callback(
      "--verify", [flags] { flags->options.check = history::RestoreOptions::Check::kReadBack; },
      "Read every file back from the disk at the end; with --dry-run read every object of the "
      "backup, and say which are lost or damaged.");
  command.add_flag_callback(
      "--replace",
      [flags] { flags->options.differing = history::RestoreOptions::Differing::kReplace; },
      "Replace files that are there with another content.");
  command.add_flag_callback(
      "--dry-run", [flags] { flags->options.mode = history::RunMode::kDryRun; },
      "Tell what would be restored, and write nothing.");
}

}  // namespace assay::cli

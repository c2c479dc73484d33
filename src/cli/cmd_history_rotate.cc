#include "cli/history_manage_options_internal.h"
#include "files/file_system.h"
#include "history/rotate_text.h"
#include "recorder/rotate_folder.h"

#include <memory>

namespace assay::cli {
namespace {

struct RotateFlags {
  DataFolderFlag data;
  NowFlag now;
  rotation::RotateOptions options;
};

Result<ExitCode> run_rotate(const RotateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto clock, flags.now.clock());
  ASSIGN_OR_RETURN(const rotation::RotateReport report,
                   recorder::rotate_folder(files::posix_file_system(), flags.data.folder, *clock,
                                           flags.options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? history::to_json(report)
                                                            : history::to_text(report)));
  return report.problems.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_rotate_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<RotateFlags>();
  CLI::App& command = tree.add_command(
      group, "rotate",
      "Move the records of past months to files of their own; compress and archive old ones. A "
      "recorder that runs there is asked to do it.",
      {"assay history rotate --data-dir data", "assay history rotate --data-dir data --zstd"},
      [flags](Session& session) { return run_rotate(*flags, session); });
  flags->data.add_to(command);
  command.add_flag_callback(
      "--zstd", [flags] { flags->options.format = compress::Format::kZstd; },
      "Compress with zstd in place of gzip.");
  flags->now.add_to(command);
}

}  // namespace assay::cli

#include "cli/history_manage_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/parse_number.h"
#include "files/file_system.h"
#include "history/prune.h"
#include "recorder/complete_folder.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

namespace assay::cli {
namespace {

struct PruneFlags {
  DataFolderFlag data;
  NowFlag now;
  std::string older_than;
  std::string ply_older_than;
  history::RunMode mode = history::RunMode::kReal;
};

/// `12mo`.
Result<int> parse_months(std::string_view text) {
  constexpr std::int64_t kMaxMonths = 1200;
  if (text.ends_with("mo")) {
    const auto count = parse_integer(text.substr(0, text.size() - 2));
    if (count && *count >= 0 && *count <= kMaxMonths) return static_cast<int>(*count);
  }
  return invalid_input(fmt::format(
      "'{}' is no number of months; write it as 12mo (records go by whole months)", text));
}

Result<ExitCode> run_prune(const PruneFlags& flags, Session& session) {
  history::PruneOptions options{.mode = flags.mode};
  if (!flags.older_than.empty()) {
    ASSIGN_OR_RETURN(options.older_than_months,
                     with_context(parse_months(flags.older_than), "--older-than"));
  }
  if (!flags.ply_older_than.empty()) {
    ASSIGN_OR_RETURN(options.ply_older_than,
                     with_context(parse_duration(flags.ply_older_than), "--ply-older-than"));
  }
  ASSIGN_OR_RETURN(const auto clock, flags.now.clock());
  if (flags.mode == history::RunMode::kReal) {
    RETURN_IF_ERROR(
        recorder::complete_folder(files::posix_file_system(), flags.data.folder, *clock));
  } else {
    warn_of_waiting_events(flags.data.folder);
  }
  ASSIGN_OR_RETURN(
      const history::PruneReport report,
      history::prune(files::posix_file_system(), flags.data.folder, *clock, options, session.stop));
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? to_json(report) : to_text(report, flags.mode)));
  return report.mixed.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_prune_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<PruneFlags>();
  CLI::App& command = tree.add_command(
      group, "prune", "Delete old records, images and PLY files; their hashes are kept.",
      {"assay history prune --data-dir data --older-than 12mo --dry-run",
       "assay history prune --data-dir data --ply-older-than 30d"},
      [flags](Session& session) { return run_prune(*flags, session); });
  flags->data.add_to(command);
  auto* records =
      add_option(command, "--older-than", flags->older_than,
                 "Delete the records of months more than so many back, such as 12mo, and the files "
                 "that only they name.")
          ->type_name("MONTHS")
          ->check([](const std::string& text) { return problem_of(parse_months(text)); });
  auto* ply_files =
      add_option(command, "--ply-older-than", flags->ply_older_than,
                 "Delete the PLY files of records older than this, such as 30d; the records stay.")
          ->type_name("TIME")
          ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
  command.add_flag_callback(
      "--dry-run", [flags] { flags->mode = history::RunMode::kDryRun; },
      "Tell what would be deleted, and delete nothing.");
  flags->now.add_to(command);
  command.parse_complete_callback([records, ply_files] {
    if (records->count() + ply_files->count() > 0) return;
    throw CLI::ValidationError("say what is old", "--older-than, --ply-older-than, or both");
  });
}

}  // namespace assay::cli

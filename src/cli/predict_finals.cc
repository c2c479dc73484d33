#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "core/progress.h"
#include "core/thread_pool.h"
#include "decision_merge/finals.h"
#include "files/file_system.h"
#include "report/visible_text.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

struct FinalsFlags {
  std::string database;
  std::string finals;
  std::string source;
  double min_score = decision_merge::FinalsOptions().min_score;
  std::size_t num_threads = 0;
  decision_merge::MergeMode mode = decision_merge::MergeMode::kApply;
};

Result<ExitCode> run_finals(const FinalsFlags& flags, Session& session) {
  decision_merge::FinalsOptions options{.database = flags.database,
                                        .finals = flags.finals,
                                        .min_score = flags.min_score,
                                        .mode = flags.mode};
  if (!flags.source.empty()) options.originals = flags.source;
  // The calling thread works too.
  ThreadPool pool({.num_threads = flags.num_threads});
  std::optional<Progress> bar;
  auto report = decision_merge::find_finals(
      files::posix_file_system(), pool, system_clock(), options,
      [&](std::uint64_t done, std::uint64_t total) {
        if (session.quiet) return;
        if (!bar) {
          bar.emplace(report::visible_text(flags.database), system_clock(),
                      ProgressOptions{
                          .style = progress_style_of_stderr(), .total = total, .unit = "groups"});
        }
        bar->advance(done - bar->done());
      },
      session.stop);
  bar.reset();
  if (!report) return std::move(report).error();
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(*report) : to_text(*report)));
  return report->is_complete() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_finals_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<FinalsFlags>();
  CLI::App& command = tree.add_command(
      group, "finals",
      "Find the user's final images in the originals, and fill in what the user chose.",
      {"assay predict finals mojo1.db --finals mojo1_final --dry-run",
       "assay predict finals mojo1.db --finals mojo1_final --source /Volumes/original"},
      [flags](Session& session) { return run_finals(*flags, session); });
  command
      .add_option("database", flags->database,
                  "The database to fill in. What is there stays; a backup is made beside it.")
      ->required()
      ->type_name("DATABASE");
  add_option(command, "--finals", flags->finals,
             "A folder or zip with the final images anywhere in it; it is only read.")
      ->required()
      ->type_name("DIR");
  add_option(command, "--source", flags->source,
             "The originals, or the folder that their archive lies in [where the run read them].")
      ->type_name("DIR");
  add_option(command, "--min-score", flags->min_score,
             "The least correlation of a final image with its place in the original.")
      ->type_name("SCORE")
      ->capture_default_str()
      ->check(real_number(0.0, 1.0));
  add_option(command, "--threads", flags->num_threads, "Threads [one for each core].")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  command.add_flag_callback(
      "--dry-run", [flags] { flags->mode = decision_merge::MergeMode::kDryRun; },
      "Show what would be filled in, and change nothing.");
}

}  // namespace assay::cli

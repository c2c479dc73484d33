#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "decisions/scored_project.h"
#include "files/file_system.h"
#include "predict/data_tree.h"
#include "review/duplicates.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::cli {
namespace {

struct DupesFlags {
  std::vector<std::string> paths;
  std::string root = "data";
  double threshold = review::DuplicateOptions().min_cosine;
  std::size_t limit = review::DuplicateOptions().max_pairs;
};

Result<ExitCode> run_dupes(const DupesFlags& flags, Session& session) {
  files::FileSystem& file_system = files::posix_file_system();
  const predict::DataTree tree(flags.root);
  std::vector<std::filesystem::path> paths(flags.paths.begin(), flags.paths.end());
  if (paths.empty()) paths.push_back(tree.databases());
  ASSIGN_OR_RETURN(const decisions::ScoredProjects scored,
                   decisions::read_scored_projects(file_system, paths, session.stop));
  for (const std::string& problem : scored.problems) log_warning("left out: " + problem);
  ThreadPool pool;
  std::optional<Progress> bar;
  std::size_t num_shown = 0;
  review::DuplicateOptions options{.min_cosine = flags.threshold, .max_pairs = flags.limit};
  if (!session.quiet) {
    options.on_progress = [&](std::size_t done, std::size_t total) {
      if (!bar || done < num_shown) {
        bar.emplace(
            "compared", system_clock(),
            ProgressOptions{.style = progress_style_of_stderr(), .total = total, .unit = "images"});
        num_shown = 0;
      }
      bar->advance(done - num_shown);
      num_shown = done;
    };
  }
  ASSIGN_OR_RETURN(const review::DuplicateReport report,
                   review::find_duplicates(file_system, system_random(), pool, scored.projects,
                                           tree.store(), options, session.stop));
  bar.reset();
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? review::duplicates_json(report)
                            : review::duplicates_text(report, flags.limit)));
  const bool is_whole = scored.problems.empty() && report.num_without_vector == 0;
  return is_whole ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_dupes_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<DupesFlags>();
  CLI::App& command = tree.add_command(
      group, "dupes", "Find images that are there twice, byte for byte or nearly.",
      {"assay predict dupes",
       "assay predict dupes mojo1.db mojo2.db --threshold 0.995 --json > dupes.json"},
      [flags](Session& session) { return run_dupes(*flags, session); });
  command
      .add_option("path", flags->paths,
                  "Folders of databases, or databases; by default those of ROOT.")
      ->type_name("DIR|DB");
  add_option(command, "--root", flags->root,
             "The folder of databases and of the embeddings that runs have stored.")
      ->type_name("DIR")
      ->capture_default_str();
  add_option(command, "--threshold", flags->threshold,
             "The smallest cosine of two embeddings that are near, above 0 and at most 1.")
      ->type_name("SHARE")
      ->capture_default_str()
      ->check([](const std::string& text) {
        const auto share = parse_real(text);
        return share && *share > 0 && *share <= 1
                   ? std::string()
                   : "expected a number above 0 and at most 1: " + text;
      });
  add_option(command, "--limit", flags->limit,
             "List at most so many sets and pairs, the largest and nearest; all are counted.")
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace assay::cli

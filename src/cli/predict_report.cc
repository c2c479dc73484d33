#include "app/version.h"
#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/thread_pool.h"
#include "decisions/database_names.h"
#include "decisions/scored_project.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"
#include "review/review_sheet.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {
namespace {

struct ReportFlags {
  std::vector<std::string> paths;
  std::string target;
  std::string source_folder;
  review::ReviewedGroups groups = review::ReviewedGroups::kAll;
};

/// Databases of one project are one: its own, and what waits to be merged into it.
std::size_t count_projects(const decisions::ScoredProjects& scored) {
  std::set<std::string_view> names;
  for (const decisions::ScoredProject& project : scored.projects) names.insert(project.project);
  return names.size();
}

std::string review_json(const ReportFlags& flags, const review::ReviewSummary& summary,
                        const decisions::ScoredProjects& scored) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("report").text(flags.target);
  writer.name("projects").unsigned_integer(count_projects(scored));
  writer.name("databases").unsigned_integer(scored.projects.size());
  writer.name("groups").unsigned_integer(summary.num_groups);
  writer.name("pages").unsigned_integer(summary.num_pages);
  writer.name("pictures").unsigned_integer(summary.num_pictures);
  writer.name("without_source").unsigned_integer(summary.num_without_source);
  writer.name("missing").begin_object();
  for (const auto& [reason, count] : summary.missing) {
    writer.name(reason).unsigned_integer(count);
  }
  writer.end_object();
  writer.name("problems").begin_list();
  for (const std::string& problem : scored.problems) writer.text(problem);
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

std::string review_text(const ReportFlags& flags, const review::ReviewSummary& summary,
                        const decisions::ScoredProjects& scored) {
  using report::counted;
  std::string text =
      fmt::format("{} of {} on {}: {}\n", counted(summary.num_groups, "group", "groups"),
                  counted(count_projects(scored), "project", "projects"),
                  counted(summary.num_pages, "page", "pages"), report::visible_text(flags.target));
  if (const std::size_t num_more = scored.projects.size() - count_projects(scored); num_more > 0) {
    text += fmt::format("{} of a project that has another: groups in both are shown in each\n",
                        counted(num_more, "database is", "databases are"));
  }
  if (summary.num_without_source > 0) {
    text += fmt::format("{} without a picture: their databases do not say where they are\n",
                        counted(summary.num_without_source, "image", "images"));
  }
  return text;
}

Result<ExitCode> run_report(const ReportFlags& flags, Session& session) {
  files::FileSystem& file_system = files::posix_file_system();
  RETURN_IF_ERROR(decisions::refuse_database(file_system, flags.target));
  const std::vector<std::filesystem::path> paths(flags.paths.begin(), flags.paths.end());
  ASSIGN_OR_RETURN(const decisions::ScoredProjects scored,
                   decisions::read_scored_projects(file_system, paths, session.stop));
  for (const std::string& problem : scored.problems) log_warning("left out: " + problem);
  review::ReviewOptions options{
      .target = flags.target,
      .groups = flags.groups,
      .made_by = fmt::format("Made by Assay {} at {}.", app::version().number,
                             to_rfc3339(system_clock().now()))};
  if (!flags.source_folder.empty()) options.source_folder = flags.source_folder;
  ThreadPool pool;
  std::optional<Progress> bar;
  const auto on_progress = [&](std::uint64_t, std::uint64_t total) {
    if (session.quiet) return;
    if (!bar) {
      bar.emplace(
          "pictures", system_clock(),
          ProgressOptions{.style = progress_style_of_stderr(), .total = total, .unit = "images"});
    }
    bar->advance(1);
  };
  ASSIGN_OR_RETURN(
      const review::ReviewSummary summary,
      review::write_review(file_system, pool, scored.projects, options, on_progress, session.stop));
  bar.reset();
  for (const auto& [reason, count] : summary.missing) {
    log_warning(
        fmt::format("no picture of {}: {}", report::counted(count, "image", "images"), reason));
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? review_json(flags, summary, scored)
                                                            : review_text(flags, summary, scored)));
  const bool is_whole = scored.problems.empty() && summary.missing.empty();
  return is_whole ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_report_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App& command = tree.add_command(
      group, "report", "Write pages that show each group, its pick and its crop.",
      {"assay predict report data/training/ai_training_decisions --out report.html",
       "assay predict report mojo1.db --out mojo1.html --uncertain --source /Volumes/moved"},
      [flags](Session& session) { return run_report(*flags, session); });
  command
      .add_option("path", flags->paths, "A folder of databases, or one of them. Repeated, it adds.")
      ->required()
      ->type_name("DIR|DB");
  add_option(command, "--out", flags->target,
             "The first page; beyond 200 groups more pages follow beside it, FILE-2 and so on.")
      ->required()
      ->type_name("FILE");
  command.add_flag_callback(
      "--uncertain", [flags] { flags->groups = review::ReviewedGroups::kUncertain; },
      "Only groups that a person should look at.");
  add_option(command, "--source", flags->source_folder,
             "The folder where the archives are now, when they were moved since the run.")
      ->type_name("DIR");
}

}  // namespace assay::cli

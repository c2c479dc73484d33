#include "cache/import.h"
#include "cli/cache_options_internal.h"
#include "cli/label_check_flags_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/progress.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

using cache::ImportOutcome;
using cache::ImportReport;

struct CacheImportFlags {
  CacheFolderFlag cache_folder;
  CacheKindFlag kind;
  CacheLabelFlag label;
  std::string folder;
  std::string labels;
  std::string source;
  std::string description;
  std::string keep_free = "1GB";
  CacheBudgetFlags budget;
  LabelCheckFlags label_check;
  NearDuplicateFlags near;
};

std::string_view words_of(ImportOutcome outcome) {
  switch (outcome) {
    case ImportOutcome::kAdded:
      return "added";
    case ImportOutcome::kAlreadyThere:
      return "there already";
    case ImportOutcome::kNearDuplicate:
      return "left out: look like another of this source (--near-duplicates takes them)";
    case ImportOutcome::kUnknownFormat:
      return "no image that is read";
    case ImportOutcome::kUnsupported:
      return "of a kind that is not read";
    case ImportOutcome::kTruncated:
      return "cut short";
    case ImportOutcome::kCorrupt:
      return "damaged";
    case ImportOutcome::kOverLimit:
      return "too large";
    case ImportOutcome::kDoubtful:
      return "doubtful: do not look like their label; copied to the quarantine";
    case ImportOutcome::kUnreadable:
      break;
  }
  return "could not be read";
}

std::string import_text(const ImportReport& report, const cache::ImportPlan& plan) {
  using report::count_text;
  std::string text;
  for (std::size_t i = 0; i < cache::kNumImportOutcomes; ++i) {
    if (report.counts[i] == 0 && i != 0) continue;
    text += fmt::format("{:>9} {}\n", count_text(report.counts[i]),
                        words_of(static_cast<ImportOutcome>(i)));
  }
  if (report.num_labelled > 0) {
    text += fmt::format("{:>9} of those had no label, and have it now\n",
                        count_text(report.num_labelled));
  }
  if (report.num_otherwise_labelled > 0) {
    text += fmt::format(
        "{:>9} of those have another label, which stays: assay cache label changes it\n",
        count_text(report.num_otherwise_labelled));
  }
  if (report.num_elsewhere > 0) {
    text += fmt::format("{:>9} of those are in another of the three caches, and stay there alone\n",
                        count_text(report.num_elsewhere));
  }
  if (plan.num_passed_over > 0) {
    text += fmt::format("{:>9} passed over: their names are not those of images\n",
                        count_text(plan.num_passed_over));
  }
  if (plan.num_of_cache > 0) {
    text += fmt::format("{:>9} passed over: they lie in the folders of this cache\n",
                        count_text(plan.num_of_cache));
  }
  if (plan.num_empty > 0) {
    text += fmt::format("{:>9} passed over: empty files\n", count_text(plan.num_empty));
  }
  for (const cache::ImportProblem& problem : report.problems) {
    text += fmt::format("  {}: {}\n", report::visible_text(problem.path),
                        report::visible_text(problem.reason));
  }
  if (report.num_unlabelled > 0) {
    text += fmt::format(
        "{} without a label: nobody is asked about them. Give them one: assay "
        "cache label --unlabelled --label roadwork|none\n",
        report::counted(report.num_unlabelled, "image is", "images are"));
  }
  if (report.num_unseen_by_others > 0) {
    text += fmt::format(
        "{} of a format that the old validator does not look at (it reads .jpg, "
        ".jpeg and .png); Assay does\n",
        report::counted(report.num_unseen_by_others, "image is", "images are"));
  }
  return text;
}

std::string report_json(const ImportReport& report, const cache::ImportPlan& plan) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("files").unsigned_integer(plan.files.size());
  for (std::size_t i = 0; i < cache::kNumImportOutcomes; ++i) {
    writer.name(to_string(static_cast<ImportOutcome>(i))).unsigned_integer(report.counts[i]);
  }
  writer.name("near_duplicates_taken").unsigned_integer(report.num_near_duplicates_taken);
  writer.name("empty").unsigned_integer(plan.num_empty);
  writer.name("labelled").unsigned_integer(report.num_labelled);
  writer.name("otherwise_labelled").unsigned_integer(report.num_otherwise_labelled);
  writer.name("in_another_cache").unsigned_integer(report.num_elsewhere);
  writer.name("passed_over").unsigned_integer(plan.num_passed_over);
  writer.name("in_cache_folders").unsigned_integer(plan.num_of_cache);
  writer.name("unlabelled").unsigned_integer(report.num_unlabelled);
  writer.name("unseen_by_validator").unsigned_integer(report.num_unseen_by_others);
  writer.name("bytes_added").unsigned_integer(report.bytes_added.count());
  writer.name("evicted").unsigned_integer(report.made_room.num_items);
  writer.name("bytes_evicted").unsigned_integer(report.made_room.bytes.count());
  writer.name("quarantine_removed").unsigned_integer(report.from_quarantine.num_images);
  writer.name("quarantine_bytes_removed").unsigned_integer(report.from_quarantine.bytes.count());
  writer.name("problems").begin_list();
  for (const cache::ImportProblem& problem : report.problems) {
    writer.begin_object();
    writer.name("file").text(problem.path);
    writer.name("outcome").text(to_string(problem.outcome));
    writer.name("reason").text(problem.reason);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

Result<ExitCode> run_cache_import(const CacheImportFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const std::filesystem::path cache_root, flags.cache_folder.folder(session));
  ASSIGN_OR_RETURN(const cache::ImportPlan plan,
                   cache::plan_import(files::posix_file_system(), flags.folder,
                                      {.label = flags.label.label(),
                                       .description = flags.description,
                                       .labels_file = flags.labels,
                                       .cache_root = cache_root}));
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache(flags.cache_folder, session, cache::Access::kWrite,
                              cache::ScanDepth::kFolders, flags.budget));
  ASSIGN_OR_RETURN(const ByteCount keep_free, parse_size(flags.keep_free));
  ASSIGN_OR_RETURN(const auto judge, flags.label_check.open_judge());
  cache::ImportOptions options{
      .cache = flags.kind.kind().value_or(cache::CacheKind::kReal),
      .source = flags.source.empty()
                    ? std::filesystem::absolute(flags.folder).lexically_normal().filename().native()
                    : flags.source,
      .near_duplicates = flags.near.near_duplicates,
      .max_near_distance = flags.near.max_distance,
      .label_check = flags.label_check.check(judge.get()),
      .min_free_bytes = keep_free};
  std::optional<Progress> bar;
  if (!session.quiet) {
    bar.emplace(
        "imported", system_clock(),
        ProgressOptions{
            .style = progress_style_of_stderr(), .total = plan.files.size(), .unit = "images"});
  }
  const auto on_progress = [&](std::uint64_t done) {
    if (bar) bar->advance(done - bar->done());
  };
  auto report = cache::import_files(*opened.store, plan.files, options, on_progress, session.stop);
  bar.reset();
  if (!report) {
    return std::move(report.error())
        .within("import stopped; what was taken in stays, and the same command goes on");
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? report_json(*report, plan)
                                                            : import_text(*report, plan)));
  std::uint64_t num_fine = 0;
  for (std::size_t i = 0; i < cache::kNumImportOutcomes; ++i) {
    if (is_fine(static_cast<ImportOutcome>(i))) num_fine += report->counts[i];
  }
  return num_fine == plan.files.size() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_cache_import_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<CacheImportFlags>();
  CLI::App& command = tree.add_command(
      group, "import", "Take the images of a folder into a cache, each with its label.",
      {"assay cache import phone_photos --label roadwork --description 'cones on the right lane'",
       "assay cache import dashcam --labels labels.csv --source berlin",
       "assay cache import sorted   # with sub-folders roadwork and none"},
      [flags](Session& session) { return run_cache_import(*flags, session); });
  add_option(command, "DIR", flags->folder, "The folder; folders in it are read too.")->required();
  flags->cache_folder.add_to(command);
  flags->kind.add_to(command, "real (default), t2i or i2i.");
  CLI::Option* const label = flags->label.add_to(command, "roadwork or none, for all of them.");
  add_option(command, "--labels", flags->labels,
             "A CSV with the columns file and label, and description if wanted; files are below "
             "DIR.")
      ->type_name("FILE")
      ->excludes(label);
  add_option(command, "--source", flags->source, "Where they come from [the name of DIR].")
      ->type_name("NAME");
  add_option(command, "--description", flags->description,
             "What works are seen; with --label roadwork alone [a general sentence].")
      ->type_name("TEXT")
      ->needs(label);
  flags->near.add_to(command);
  flags->budget.add_to(command);
  add_option(command, "--keep-free", flags->keep_free, "What has to stay free on the disk.")
      ->type_name("SIZE")
      ->capture_default_str()
      ->check(check_size);
  flags->label_check.add_to(command);
}

}  // namespace assay::cli

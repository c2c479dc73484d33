#include "app/predict_session.h"
#include "app/version.h"
#include "cli/command_internal.h"
#include "cli/option_check_internal.h"
#include "cli/predict_batch_printer_internal.h"
#include "cli/predict_models_flags_internal.h"
#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "embedding/merge_shards.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "predict/batch_run.h"
#include "predict/plan.h"
#include "predict/project_end.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct PredictRunFlags {
  std::string source;
  std::string table;
  std::vector<std::string> projects;
  GroupingFlags grouping;
  ModelFlags models;
  std::string ranker;
  std::string ranker_fallback;
  std::string crop;
  std::string quirks;
  std::string shard;
  /// Of merge-shards: other roots, with stores of their own.
  std::vector<std::string> from;
  predict::DoneProjects done = predict::DoneProjects::kSkip;
  predict::AspectRatio aspect_ratio = predict::AspectRatio::kLocked;
  images::ExifOrientation orientation = images::ExifOrientation::kIgnore;
};

Result<app::PredictSessionOptions> predict_session_options(const PredictRunFlags& flags) {
  ASSIGN_OR_RETURN(app::PredictSessionOptions options, flags.models.options());
  options.orientation = flags.orientation;
  if (!flags.ranker.empty()) options.ranker = flags.ranker;
  if (!flags.ranker_fallback.empty()) options.ranker_fallback = flags.ranker_fallback;
  if (!flags.crop.empty()) options.crop = flags.crop;
  if (!flags.quirks.empty()) {
    options.embedding = models::EmbeddingForm::kL2;
    options.size_divisor = 10'000;
  }
  return options;
}

Result<predict::BatchOptions> batch_options(const PredictRunFlags& flags,
                                            const app::PredictSession& session) {
  predict::BatchOptions options;
  options.only = flags.projects;
  options.models = session.models();
  predict::ProjectOptions& project = options.project;
  project.tree = predict::DataTree(flags.models.root);
  ASSIGN_OR_RETURN(project.grouping, flags.grouping.options());
  ASSIGN_OR_RETURN(project.group_id_form, flags.grouping.id_form());
  project.embedding.num_workers = flags.models.num_workers();
  project.embedding.decode.orientation = flags.orientation;
  if (!flags.shard.empty()) {
    ASSIGN_OR_RETURN(project.embedding.shard, parse_shard(flags.shard));
  }
  project.decide = session.decide_options();
  project.decide.crop.aspect_ratio = flags.aspect_ratio;
  if (flags.done == predict::DoneProjects::kRedo || !flags.projects.empty()) {
    project.existing = decisions::ExistingResult::kReplace;
  }
  project.run.run_id = to_rfc3339(system_clock().now());
  project.run.program_version = app::version().number;
  project.run.host = host_name();
  project.run.models_json = session.models_json();
  json::Writer writer;
  writer.begin_object().name("mode").text(flags.grouping.mode);
  writer.name("group_id").text(flags.grouping.group_id);
  writer.name("quirks").text(flags.quirks.empty() ? "none" : flags.quirks);
  writer.name("aspect_ratio")
      .text(flags.aspect_ratio == predict::AspectRatio::kLocked ? "locked" : "free");
  writer.name("time_gap_seconds").integer(time_gap_of(project.grouping).count());
  writer.name("lookahead").unsigned_integer(flags.grouping.lookahead);
  writer.name("exif").boolean(flags.orientation == images::ExifOrientation::kHonour);
  project.run.options_json = writer.end_object().take();
  return options;
}

/// The plan, once the table holds what was found. Errors: as make_plan() and add_project_rows().
Result<predict::Plan> plan_with_table(files::FileSystem& file_system,
                                      const predict::PlanOptions& options,
                                      const std::stop_token& stop) {
  while (true) {
    ASSIGN_OR_RETURN(predict::Plan plan, make_plan(file_system, options, stop));
    const std::vector<predict::ProjectRow> rows = new_rows(plan);
    if (rows.empty()) return plan;
    ASSIGN_OR_RETURN(const predict::TableChange change,
                     add_project_rows(file_system, plan.table, plan.table_rows, rows));
    // Another shard, say, which has begun at the same time.
    if (change == predict::TableChange::kOvertaken) continue;
    if (plan.table_origin == predict::Plan::Table::kProposed) return plan;
    for (const predict::ProjectRow& row : rows) {
      log_info("new in the source: added to the table",
               {{"source", row.source}, {"project", row.project}, {"table", plan.table.native()}});
    }
    return plan;
  }
}

/// What takes no part, and would else be missed.
void tell_of_sources(const predict::Plan& plan) {
  for (const predict::PlannedProject& project : plan.projects) {
    if (!project.doubt.empty()) log_warning(project.doubt, {{"project", project.project}});
    const std::string left_out = left_out_text(project);
    if (project.status == predict::PlanStatus::kNoImages && !left_out.empty()) {
      log_warning("no image is in it: passed over",
                  {{"source", project.source}, {"files", left_out}});
    }
    if (project.status != predict::PlanStatus::kNotThere) continue;
    log_warning("not there, and not in this source: passed over",
                {{"project", project.project}, {"source", project.source}});
  }
  if (plan.num_loose_images > 0) log_warning(loose_images_text(plan));
  for (const std::string& source : plan.not_utf8_sources)
    log_warning(predict::not_utf8_text(source));
}

/// The plan, with the table that the batch then goes by. Errors: kInvalidInput when a source is
/// ambiguous.
Result<predict::Plan> prepare_plan(const PredictRunFlags& flags, const Session& session) {
  predict::PlanOptions options{
      .source = flags.source, .tree = predict::DataTree(flags.models.root), .done = flags.done};
  if (!flags.table.empty()) options.table = flags.table;
  ASSIGN_OR_RETURN(options.grouping, flags.grouping.options());
  // The models are looked for when they are opened, with a message of their own.
  options.models.clear();
  // For the time that remains.
  options.num_size_samples = 2;
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(predict::Plan plan, plan_with_table(file_system, options, session.stop));
  if (!session.quiet) tell_of_sources(plan);
  if (!flags.projects.empty()) return plan;
  for (const predict::PlannedProject& project : plan.projects) {
    if (project.status != predict::PlanStatus::kAmbiguous) continue;
    // The reason says what to fill in; where, only for rows that the table has.
    const std::string table = plan.table.native();
    const std::string place = project.reason.contains(table) ? "" : fmt::format(", in {}", table);
    return invalid_input(
        fmt::format("{}: which project is this? {}{}; or name the projects to work on with "
                    "--project",
                    project.source, project.reason, place));
  }
  return plan;
}

/// Take the vectors of the stores below other roots.
Status gather(const PredictRunFlags& flags, const Session& session,
              const predict::ProjectTools& tools) {
  for (const std::string& root : flags.from) {
    const std::filesystem::path folder = predict::DataTree(root).store();
    ASSIGN_OR_RETURN(const auto info, tools.file_system.info(folder));
    if (!info) {
      return not_found(
          fmt::format("--from {}: there is no {}; expected the --root of a shard that ran", root,
                      folder.native()));
    }
    const auto dimension = static_cast<std::uint32_t>(tools.embedder.dimension());
    ASSIGN_OR_RETURN(const auto store,
                     embedding_store::EmbeddingStore::open(
                         tools.file_system, folder, system_random(), {.dimension = dimension}));
    ASSIGN_OR_RETURN(const embedding_store::PutReport copied,
                     embedding::copy_embeddings(*store, tools.store, tools.variant, session.stop));
    if (copied.num_written + copied.num_known == 0) {
      log_warning("no vectors of this model and precision are there", {{"root", root}});
    }
  }
  return {};
}

/// Why there is nothing to do; "every project has its predictions" only where that is so.
std::string nothing_to_do(const predict::Plan& plan) {
  std::uint64_t num_done = 0;
  std::uint64_t num_doubtful = 0;
  std::map<std::string_view, std::uint64_t> others;
  for (const predict::PlannedProject& project : plan.projects) {
    if (project.status == predict::PlanStatus::kDone) {
      ++num_done;
      if (!project.doubt.empty()) ++num_doubtful;
    } else if (project.status != predict::PlanStatus::kNoImages) {
      ++others[to_string(project.status)];
    }
  }
  if (others.empty() && num_done > 0 && num_doubtful == 0) {
    return "Nothing to do: every project has its predictions. See `assay predict plan`; --redo "
           "repeats them.\n";
  }
  std::string text = fmt::format("Nothing to do: {} done", num_done);
  if (num_doubtful > 0) text += fmt::format(" ({} without predictions)", num_doubtful);
  for (const auto& [status, count] : others) text += fmt::format(", {} {}", count, status);
  return text + ". See `assay predict plan`.\n";
}

/// All that hold images, what is done too: so that every shard and every run measures on the same.
std::vector<std::filesystem::path> plan_sources(const predict::Plan& plan) {
  std::vector<std::filesystem::path> sources;
  for (const predict::PlannedProject& project : plan.projects) {
    if (project.num_images > 0) sources.push_back(project.source_path);
  }
  return sources;
}

/// Whether a batch may embed, or only decides what shards have embedded.
enum class BatchWork : std::uint8_t { kAll, kMergeShards };

/// Two runs would work on the same projects; shards share them, and only embed.
/// Errors: kUnavailable when another run works below the root.
Result<std::unique_ptr<files::FileLock>> lock_root(const PredictRunFlags& flags) {
  if (!flags.shard.empty()) return std::unique_ptr<files::FileLock>();
  files::FileSystem& file_system = files::posix_file_system();
  const std::filesystem::path path = predict::DataTree(flags.models.root).run_lock();
  RETURN_IF_ERROR(file_system.create_folders(path.parent_path()));
  auto lock = file_system.lock(path);
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return unavailable(
        fmt::format("{}: another `assay predict run` works below this root; wait for it, or end "
                    "it (it holds {})",
                    flags.models.root, path.native()));
  }
  return lock;
}

/// Log what a run that died had finished. Pre: lock_root() holds the root.
Status finish_earlier_run(const PredictRunFlags& flags, const Session& session) {
  ASSIGN_OR_RETURN(
      const std::vector<std::string> logged,
      predict::log_noted_results(files::posix_file_system(), predict::DataTree(flags.models.root)));
  if (session.quiet) return {};
  for (const std::string& project : logged) {
    log_info("an earlier run finished it; logged now", {{"project", project}});
  }
  return {};
}

Result<ExitCode> run_batch(const PredictRunFlags& flags, BatchWork work, Session& session) {
  ASSIGN_OR_RETURN(const auto lock, lock_root(flags));
  if (lock != nullptr) RETURN_IF_ERROR(finish_earlier_run(flags, session));
  ASSIGN_OR_RETURN(const predict::Plan plan, prepare_plan(flags, session));
  ASSIGN_OR_RETURN(const auto projects, projects_to_do(plan, flags.projects));
  if (projects.empty()) {
    if (session.output == OutputForm::kText) RETURN_IF_ERROR(print(nothing_to_do(plan)));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(app::PredictSessionOptions models, predict_session_options(flags));
  if (work == BatchWork::kAll) {
    models.int8_samples = {.sources = plan_sources(plan), .remarks = int8_remarks(session)};
  }
  ASSIGN_OR_RETURN(const auto opened,
                   app::PredictSession::open(files::posix_file_system(), system_clock(), models));
  ASSIGN_OR_RETURN(const predict::BatchOptions options, batch_options(flags, *opened));
  predict::ImageAmount all;
  for (const predict::PlannedProject* const project : projects) all += amount_of(*project);
  BatchPrinter printer({.form = session.output,
                        .is_quiet = session.quiet,
                        .amount = all,
                        .num_workers = flags.models.num_workers(),
                        .grouping_mode = plan.grouping_mode});
  const predict::ProjectTools tools = opened->tools();
  const embedding::NoEmbedder no_embedder(tools.embedder);
  if (work == BatchWork::kMergeShards) RETURN_IF_ERROR(gather(flags, session, tools));
  const predict::ProjectTools chosen{
      .file_system = tools.file_system,
      .clock = tools.clock,
      .store = tools.store,
      .known = tools.known,
      .embedder = work == BatchWork::kMergeShards ? no_embedder : tools.embedder,
      .heads = tools.heads,
      .variant = tools.variant};
  ASSIGN_OR_RETURN(const predict::BatchReport report,
                   predict::run_batch(chosen, plan, options, printer, session.stop));
  printer.on_batch_end(report);
  RETURN_IF_ERROR(printer.status());
  if (!session.quiet) {
    log_info("the batch is over", {{"summary", report.summary_path.native()}});
  }
  if (report.stopped)
    return report.stopped->code == ErrorCode::kCancelled
               ? Result<ExitCode>(cancelled("stopped; run again to go on"))
               : Result<ExitCode>(*report.stopped);
  const bool is_whole = report.num_failed_projects == 0 && report.num_failed_images == 0;
  return is_whole ? ExitCode::kOk : ExitCode::kPartial;
}

void add_run_options(CLI::App& command, const std::shared_ptr<PredictRunFlags>& flags) {
  command.get_option("--json")->description(
      "Print a line of JSON for each event: begin, progress, end and total.");
  add_option(command, "--source", flags->source,
             "The folder of zips and folders of images; it is only read.")
      ->required()
      ->type_name("DIR");
  flags->models.add_to(command);
  add_option(command, "--table", flags->table,
             "The table of projects and sources, in place of ROOT/ai_data/projects.csv.")
      ->type_name("FILE");
  command
      .add_option("--project", flags->projects,
                  "Only this project, also when it is done. Repeated, it adds.")
      ->type_name("NAME");
  command.add_flag_callback(
      "--redo", [flags] { flags->done = predict::DoneProjects::kRedo; },
      "Predict again for projects that are done.");
  add_option(command, "--ranker", flags->ranker,
             "The ranker, in place of ranker_v4.pt, else ranker_v3_w10.pt, in ROOT.")
      ->type_name("FILE");
  add_option(command, "--ranker-fallback", flags->ranker_fallback,
             "Taken when the ranker is not there; that it was is recorded.")
      ->type_name("FILE");
  add_option(command, "--crop", flags->crop, "The crop head, in place of crop_proposer_v3.pt.")
      ->type_name("FILE");
  add_option(command, "--quirks", flags->quirks,
             "upstream: give the heads vectors of length 1 and sizes / 10000, as the old batch.")
      ->check(CLI::IsMember({"upstream"}));
  command.add_flag_callback(
      "--free-aspect", [flags] { flags->aspect_ratio = predict::AspectRatio::kFree; },
      "Crops of any shape; by default they keep that of the image.");
  command.add_flag_callback(
      "--exif", [flags] { flags->orientation = images::ExifOrientation::kHonour; },
      "Turn images upright first, which the models have not seen.");
  flags->grouping.add_to(command);
}

}  // namespace

void add_predict_run_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<PredictRunFlags>();
  CLI::App& command = tree.add_command(
      group, "run", "Predict for every project that has no predictions yet; run again to go on.",
      {"assay predict run --source /Volumes/original",
       "assay predict run --source /Volumes/original --project mojo1 --precision fp32",
       "assay predict run --source /Volumes/original --shard 0/4"},
      [flags](Session& session) { return run_batch(*flags, BatchWork::kAll, session); });
  add_run_options(command, flags);
  add_option(command, "--shard", flags->shard,
             "Embed only part I of N, by content; `merge-shards` decides once all are done.")
      ->type_name("I/N")
      ->check([](const std::string& text) { return problem_of(parse_shard(text)); });
}

void add_predict_merge_shards_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<PredictRunFlags>();
  CLI::App& command = tree.add_command(
      group, "merge-shards", "Decide what shards have embedded; nothing is embedded any more.",
      {"assay predict merge-shards --source /Volumes/original",
       "assay predict merge-shards --source /Volumes/original --from other_data"},
      [flags](Session& session) { return run_batch(*flags, BatchWork::kMergeShards, session); });
  add_run_options(command, flags);
  command
      .add_option("--from", flags->from,
                  "The --root of a shard with a store of its own, whose vectors are taken over. "
                  "Repeated, it adds.")
      ->type_name("DIR");
}

}  // namespace assay::cli

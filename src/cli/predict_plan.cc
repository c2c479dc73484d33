#include "app/predict_session.h"
#include "cli/predict_models_flags_internal.h"
#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "files/file_system.h"
#include "predict/plan.h"
#include "report/visible_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct PlanFlags {
  std::string source;
  ModelFlags models;
  std::string table;
  std::size_t num_samples = embedding::TimeSamplerOptions().num_samples;
  GroupingFlags grouping;
  predict::DoneProjects done = predict::DoneProjects::kSkip;
  bool writes_table = true;
};

/// What is said below the plan: about the table, and what the user must do.
std::string advice(const predict::Plan& plan, const PlanFlags& flags) {
  const std::string table = plan.table.native();
  std::string text = "\n";
  if (plan.table_origin == predict::Plan::Table::kRead) {
    text += fmt::format("The projects are those of {}.\n", table);
    std::vector<std::string> added;
    for (const predict::ProjectRow& row : new_rows(plan)) {
      added.push_back(fmt::format("{} ({})",
                                  report::visible_text(row.project.empty() ? "?" : row.project),
                                  report::visible_text(row.source)));
    }
    if (!added.empty()) {
      text +=
          fmt::format("`assay predict run` would add to {}: {}\n", table, fmt::join(added, ", "));
    }
  } else if (flags.writes_table) {
    text += fmt::format("Wrote {}; edit it to change which source is which project.\n", table);
  }
  if (plan.has_gaps()) {
    text += fmt::format(
        "Some sources are ambiguous or cannot be read: see above, then edit {}; the project `-` "
        "leaves a source out.\n",
        table);
  }
  return text;
}

Result<std::unique_ptr<embedding::ImageEmbedder>> open_model(files::FileSystem& file_system,
                                                             const ModelFlags& flags,
                                                             const archives::EntrySource& source) {
  ASSIGN_OR_RETURN(app::PredictSessionOptions options, flags.options());
  options.int8_samples = {.sources = {source.name()}, .keep = app::Int8Samples::Keep::kNo};
  return app::open_embedder(file_system, options);
}

/// Beside the store, where something may be written at all.
std::optional<embedding::ScratchPlace> scratch_of(const PlanFlags& flags,
                                                  const predict::DataTree& tree) {
  files::FileSystem& file_system = files::posix_file_system();
  const std::filesystem::path folder = tree.store().parent_path();
  const auto info = file_system.info(folder);
  if (!flags.writes_table || !info || !*info) return std::nullopt;
  return embedding::ScratchPlace{.file_system = &file_system, .file = folder / ".time-sample"};
}

/// The plan, and what its images take. The model is loaded for the first source that is to do.
Result<predict::Plan> make_timed_plan(const PlanFlags& flags, predict::PlanOptions options,
                                      const std::stop_token& stop) {
  files::FileSystem& file_system = files::posix_file_system();
  std::unique_ptr<embedding::ImageEmbedder> model;
  std::optional<embedding::TimeSampler> sampler;
  if (flags.num_samples > 0) {
    options.measure_time = [&](const archives::EntrySource& source) {
      if (!sampler) {
        auto opened = open_model(file_system, flags.models, source);
        if (opened) model = std::move(*opened);
        sampler.emplace(system_clock(), model.get(),
                        embedding::TimeSamplerOptions{.num_samples = flags.num_samples,
                                                      .num_workers = flags.models.num_workers(),
                                                      .scratch = scratch_of(flags, options.tree)});
        if (!opened) sampler->explain_missing_model(opened.error().message);
      }
      return stop.stop_requested() ? std::nullopt : sampler->measure(source);
    };
  }
  ASSIGN_OR_RETURN(predict::Plan plan, predict::make_plan(file_system, options, stop));
  if (sampler) plan.time_basis = sampler->basis();
  return plan;
}

Result<ExitCode> run_plan(const PlanFlags& flags, Session& session) {
  predict::PlanOptions options{
      .source = flags.source, .tree = predict::DataTree(flags.models.root), .done = flags.done};
  if (!flags.table.empty()) options.table = flags.table;
  if (!flags.models.clip.empty()) {
    for (predict::WantedModel& wanted : options.models) {
      if (wanted.kind == models::ModelKind::kClip) wanted.given = flags.models.clip;
    }
  }
  ASSIGN_OR_RETURN(options.grouping, flags.grouping.options());
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(predict::Plan plan, make_timed_plan(flags, options, session.stop));
  while (plan.table_origin == predict::Plan::Table::kProposed && flags.writes_table) {
    ASSIGN_OR_RETURN(
        const predict::TableChange change,
        add_project_rows(file_system, plan.table, plan.table_rows, predict::new_rows(plan)));
    if (change == predict::TableChange::kMade) break;
    // A run that has begun meanwhile has written it.
    ASSIGN_OR_RETURN(plan, make_timed_plan(flags, options, session.stop));
  }
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print(to_json(plan)));
  } else {
    RETURN_IF_ERROR(print(to_text(plan) + advice(plan, flags)));
  }
  if (plan.is_missing_models()) return ExitCode::kMissing;
  return plan.has_gaps() ? ExitCode::kPartial : ExitCode::kOk;
}

}  // namespace

void add_predict_plan_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App& command = tree.add_command(
      group, "plan", "Show what a batch would do, and what is missing for it.",
      {"assay predict plan --source /Volumes/original",
       "assay predict plan --source /Volumes/original --root data --mode compat --json"},
      [flags](Session& session) { return run_plan(*flags, session); });
  add_option(command, "--source", flags->source,
             "The folder of zips and folders of images; it is only read.")
      ->required()
      ->type_name("DIR");
  flags->models.add_to(command);
  add_option(command, "--samples", flags->num_samples,
             "Images of each source that are decoded to estimate the time; 0: no estimate.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, 10'000));
  add_option(command, "--table", flags->table,
             "The table of projects and sources, in place of ROOT/ai_data/projects.csv. Where "
             "there is no such table yet, it is written.")
      ->type_name("FILE");
  command.add_flag_callback(
      "--redo", [flags] { flags->done = predict::DoneProjects::kRedo; },
      "Count projects that are done as to do.");
  command.add_flag_callback(
      "--dry-run", [flags] { flags->writes_table = false; },
      "Write nothing: no table, and no file that tells how fast the disk is.");
  flags->grouping.add_to(command);
}

}  // namespace assay::cli

#include "cli/predict_options_internal.h"
#include "core/log.h"
#include "decisions/database_names.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "review/export_decisions.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

struct PredictExportFlags {
  std::string path;
  std::string csv;
  std::string parquet;
  std::string sidecars;
};

struct ExportSummary {
  std::size_t num_databases = 0;
  std::size_t num_groups = 0;
  std::size_t num_problems = 0;
  std::optional<review::SidecarSummary> sidecars = std::nullopt;
};

std::string predict_export_json(const ExportSummary& summary) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("databases").unsigned_integer(summary.num_databases);
  writer.name("groups").unsigned_integer(summary.num_groups);
  writer.name("problems").unsigned_integer(summary.num_problems);
  writer.name("sidecars");
  if (summary.sidecars) {
    writer.begin_object();
    writer.name("written").unsigned_integer(summary.sidecars->num_written);
    writer.name("without_selection").unsigned_integer(summary.sidecars->num_without_selection);
    writer.name("name_taken").unsigned_integer(summary.sidecars->taken.size());
    writer.end_object();
  } else {
    writer.null();
  }
  writer.end_object();
  return writer.take() + "\n";
}

std::string predict_export_text(const ExportSummary& summary) {
  std::string text = fmt::format("{} of {}", report::counted(summary.num_groups, "group", "groups"),
                                 report::counted(summary.num_databases, "database", "databases"));
  if (summary.sidecars) {
    text += fmt::format(
        "; {}, {} without a selected image",
        report::counted(summary.sidecars->num_written, ".decision file", ".decision files"),
        report::counted(summary.sidecars->num_without_selection, "group", "groups"));
  }
  return text + "\n";
}

Result<ExitCode> run_predict_export(const PredictExportFlags& flags, Session& session) {
  files::FileSystem& file_system = files::posix_file_system();
  RETURN_IF_ERROR(decisions::refuse_database(file_system, flags.csv));
  RETURN_IF_ERROR(decisions::refuse_database(file_system, flags.parquet));
  if (!flags.csv.empty() && flags.csv == flags.parquet) {
    return invalid_input("--csv and --parquet name one file; give each its own");
  }
  ASSIGN_OR_RETURN(const review::DecisionFolder folder,
                   review::read_decision_folder(file_system, flags.path, session.stop));
  for (const std::string& problem : folder.problems) log_warning("left out: " + problem);
  ExportSummary summary{.num_databases = folder.sources.size(),
                        .num_problems = folder.problems.size()};
  for (const review::DecisionSource& source : folder.sources) {
    summary.num_groups += source.table.decisions.size();
  }
  if (!flags.sidecars.empty()) {
    ASSIGN_OR_RETURN(summary.sidecars, review::write_sidecars(file_system, flags.sidecars,
                                                              folder.sources, session.stop));
    for (const std::string& group_id : summary.sidecars->taken) {
      log_warning(fmt::format(
          "left out: {}: another group has written a .decision file of this name", group_id));
    }
  }
  if (!flags.csv.empty()) {
    RETURN_IF_ERROR(review::write_csv(file_system, flags.csv, folder.sources));
  }
  if (!flags.parquet.empty()) {
    RETURN_IF_ERROR(review::write_parquet(file_system, flags.parquet, folder.sources));
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? predict_export_json(summary)
                                                            : predict_export_text(summary)));
  const bool is_partial =
      summary.num_problems > 0 || (summary.sidecars && !summary.sidecars->taken.empty());
  return is_partial ? ExitCode::kPartial : ExitCode::kOk;
}

}  // namespace

void add_predict_export_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<PredictExportFlags>();
  CLI::App& command = tree.add_command(
      group, "export", "Write decisions as a table, or as .decision files for the crop tool.",
      {"assay predict export data/training/ai_training_decisions --csv decisions.csv",
       "assay predict export mojo1.db --parquet mojo1.parquet --sidecars mojo1_decisions"},
      [flags](Session& session) { return run_predict_export(*flags, session); });
  command.add_option("path", flags->path, "A folder of databases, or one of them.")
      ->required()
      ->type_name("DIR");
  add_option(command, "--csv", flags->csv, "A CSV, a row a group.")->type_name("FILE");
  add_option(command, "--parquet", flags->parquet, "The same as Parquet.")->type_name("FILE");
  add_option(command, "--sidecars", flags->sidecars,
             "A new folder for a .decision file of each selected image.")
      ->type_name("FOLDER");
  command.parse_complete_callback([flags] {
    if (flags->csv.empty() && flags->parquet.empty() && flags->sidecars.empty()) {
      throw CLI::RequiredError("one of --csv, --parquet and --sidecars");
    }
  });
}

}  // namespace assay::cli

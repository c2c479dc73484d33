#include "app/predict_session.h"
#include "cli/predict_models_flags_internal.h"
#include "cli/predict_options_internal.h"
#include "embedding_store/old_cache.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace assay::cli {
namespace {

using embedding_store::OldCacheImport;

struct OldCacheFlags {
  ModelFlags models;
  std::string base = ".";
  std::string list;
  std::string folder;
  std::string form = "logged";

  void add_to(CLI::App& command) {
    models.add_to(command);
    add_option(command, "--base", base,
               "The folder that the old tools' `data` lies in, from which they name images.")
        ->type_name("DIR")
        ->capture_default_str();
    add_option(command, "--list", list,
               "Their list, from there [data/ai_data/cache/processed_images.jsonl].")
        ->type_name("FILE");
  }
  embedding_store::OldCachePlace place() const {
    embedding_store::OldCachePlace place{.base = base};
    if (!list.empty()) place.list = list;
    return place;
  }
};

/// What was refused, and why.
std::array<std::pair<std::string_view, std::uint64_t>, 6> refusals_of(
    const OldCacheImport& report) {
  return {{{"unreadable_lines", report.num_unreadable},
           {"no_vector", report.num_no_vector},
           {"no_image", report.num_no_image},
           {"younger_image", report.num_stale},
           {"bad_vectors", report.num_bad_vectors},
           {"normalised", report.num_normalised}}};
}

bool is_whole(const OldCacheImport& report) {
  return std::ranges::all_of(refusals_of(report),
                             [](const auto& refusal) { return refusal.second == 0; });
}

std::string old_cache_text(const OldCacheImport& report) {
  std::string text =
      fmt::format("{}: {} imported, {} known", report::counted(report.num_lines, "line", "lines"),
                  report::count_text(report.num_imported), report::count_text(report.num_known));
  if (report.num_superseded > 0) {
    text += fmt::format(", {} superseded", report::count_text(report.num_superseded));
  }
  for (const auto& [reason, count] : refusals_of(report)) {
    if (count > 0) text += fmt::format("; {} {}", report::count_text(count), reason);
  }
  text += '\n';
  for (const std::string& example : report.examples) {
    text += fmt::format("  {}\n", report::visible_text(example));
  }
  return text;
}

std::string old_cache_json(const OldCacheImport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("lines").unsigned_integer(report.num_lines);
  writer.name("imported").unsigned_integer(report.num_imported);
  writer.name("known").unsigned_integer(report.num_known);
  writer.name("superseded").unsigned_integer(report.num_superseded);
  writer.name("refused").begin_object();
  for (const auto& [reason, count] : refusals_of(report)) {
    writer.name(reason).unsigned_integer(count);
  }
  writer.end_object().name("examples").begin_list();
  for (const std::string& example : report.examples) writer.text(example);
  return writer.end_list().end_object().take() + "\n";
}

Result<ExitCode> run_old_cache_import(const OldCacheFlags& flags, Session& session) {
  ModelFlags models = flags.models;
  embedding_store::GivenVariant given;
  if (!models.activation.empty()) given.activation = models.activation;
  if (models.precision != "auto") given.precision = models.precision;
  // The old tools computed in single precision everywhere; other lists say what they hold.
  if (models.precision == "auto") models.precision = "fp32";
  if (models.precision == "int8") {
    return invalid_input(
        "--precision int8: vectors of other programs are none of this model in int8; take fp32");
  }
  ASSIGN_OR_RETURN(const app::PredictSessionOptions options, models.options());
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const auto opened, app::EmbeddingSession::open(file_system, options));
  if (!models.clip.empty()) given.model = opened->variant().model;
  const embedding_store::OldCachePlace place = flags.place();
  auto imported =
      import_old_cache(file_system, opened->store(), opened->variant(), given, place, session.stop);
  if (!imported && imported.error().code == ErrorCode::kNotFound) {
    return not_found(fmt::format(
        "{}: there is no such list; expected the old tools' list of vectors: --base names the "
        "folder that their `data` lies in, --list another list",
        (place.base / place.list).native()));
  }
  if (!imported) return std::move(imported.error());
  const OldCacheImport report = *std::move(imported);
  RETURN_IF_ERROR(opened->store().update_index());
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? old_cache_json(report) : old_cache_text(report)));
  return is_whole(report) ? ExitCode::kOk : ExitCode::kPartial;
}

Result<ExitCode> run_old_cache_export(const OldCacheFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const app::PredictSessionOptions options, flags.models.options());
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const auto opened, app::EmbeddingSession::open(file_system, options));
  ASSIGN_OR_RETURN(const embedding_store::FolderImages found,
                   embedding_store::images_of_folder(file_system, flags.folder, flags.base,
                                                     opened->variant_id(), session.stop));
  const embedding_store::OldCacheForm form = flags.form == "logged"
                                                 ? embedding_store::OldCacheForm::kLoggedPath
                                                 : embedding_store::OldCacheForm::kAbsolutePath;
  ASSIGN_OR_RETURN(const embedding_store::OldCacheExport report,
                   export_old_cache(file_system, opened->store(), opened->variant(), found.images,
                                    form, flags.place()));
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object().name("images").unsigned_integer(found.images.size());
    writer.name("written").unsigned_integer(report.num_written);
    writer.name("listed_before").unsigned_integer(report.num_listed_before);
    writer.name("absent").unsigned_integer(report.num_absent);
    writer.name("unreadable").unsigned_integer(found.num_unreadable);
    RETURN_IF_ERROR(print(writer.end_object().take() + "\n"));
  } else {
    std::string text = fmt::format(
        "{}: {} written, {} listed before", report::counted(found.images.size(), "image", "images"),
        report::count_text(report.num_written), report::count_text(report.num_listed_before));
    if (found.num_unreadable > 0) {
      text += fmt::format(", {} unreadable", report::count_text(found.num_unreadable));
    }
    if (report.num_absent > 0) {
      text += fmt::format("; {} not in the store: run `assay predict embed {}` first",
                          report::count_text(report.num_absent),
                          report::visible_text(flags.folder) + " --output FILE.npy");
    }
    RETURN_IF_ERROR(print(text + "\n"));
  }
  return report.num_absent + found.num_unreadable == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_embeddings_commands(CommandTree& tree, CLI::App& group) {
  CLI::App& embeddings = CommandTree::add_group(
      group, "embeddings",
      "The old tools' cache: processed_images.jsonl and a .npy for each image.");
  auto import = std::make_shared<OldCacheFlags>();
  CLI::App& import_command = tree.add_command(
      embeddings, "import", "Take the old cache's vectors into the store; nothing of it changes.",
      {"assay predict embeddings import",
       "assay predict embeddings import --base ../image-workflow --root data"},
      [import](Session& session) { return run_old_cache_import(*import, session); });
  import->add_to(import_command);

  auto exported = std::make_shared<OldCacheFlags>();
  CLI::App& export_command = tree.add_command(
      embeddings, "export", "Add the stored vectors of a folder's images to the old cache.",
      {"assay predict embeddings export mojo1",
       "assay predict embeddings export mojo1 --form absolute"},
      [exported](Session& session) { return run_old_cache_export(*exported, session); });
  export_command
      .add_option("folder", exported->folder, "The folder of images, as the old tools read it.")
      ->required()
      ->type_name("FOLDER");
  exported->add_to(export_command);
  add_option(
      export_command, "--form", exported->form,
      "logged: files called by the hash of the path in the list, in data/ai_data/embeddings; "
      "absolute: by that of the absolute path, in data/ai_data/cache/embeddings.")
      ->capture_default_str()
      ->check(CLI::IsMember({"logged", "absolute"}));
}

}  // namespace assay::cli

#include "cli/command_internal.h"
#include "cli/models_fetch_internal.h"
#include "core/clock.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "models/model_folder.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

using models::ModelKind;
using models::StoredModel;

struct RootFlag {
  std::string folder = "data";

  void add_to(CLI::App& command) {
    add_option(command, "--root", folder, "The data folder; models lie in its ai_data/models.")
        ->type_name("FOLDER")
        ->capture_default_str();
  }
};

struct ModelImportFlags {
  RootFlag root;
  std::string source;
  std::string activation;
  std::string embedding;
  double divisor = 0;
  std::string quirks;
  std::string tokenizer;
  bool replace = false;
};

/// What the old serving programs did against the training: unit vectors and sizes by 10,000.
models::ModelChoices upstream_choices() {
  return {.embedding = models::EmbeddingForm::kL2, .divisor = 10'000};
}

Result<models::ImportOptions> import_options(const ModelImportFlags& flags, ModelKind kind) {
  models::ImportOptions options;
  // The tower gives raw vectors; what they are divided by is up to those who use them.
  if (!flags.quirks.empty() && kind != ModelKind::kClip) options.choices = upstream_choices();
  if (!flags.activation.empty()) {
    ASSIGN_OR_RETURN(options.choices.activation, models::parse_activation(flags.activation));
  }
  if (!flags.embedding.empty()) {
    ASSIGN_OR_RETURN(options.choices.embedding, models::parse_embedding_form(flags.embedding));
  }
  if (flags.divisor > 0) options.choices.divisor = flags.divisor;
  options.tokenizer = flags.tokenizer;
  if (flags.replace) options.replace = models::ReplaceModel::kAllow;
  return options;
}

/// `raw embeddings, gelu, sizes / 2048`.
std::string choices_text(ModelKind kind, const models::ModelChoices& choices) {
  std::string text =
      fmt::format("{} embeddings, {}", to_string(choices.embedding), to_string(choices.activation));
  if (kind == ModelKind::kCrop) text += fmt::format(", sizes / {}", choices.divisor);
  return text;
}

Result<ExitCode> run_model_import(const ModelImportFlags& flags, ModelKind kind, Session& session) {
  ASSIGN_OR_RETURN(const models::ImportOptions options, import_options(flags, kind));
  ASSIGN_OR_RETURN(
      const models::ModelManifest manifest,
      models::import_model(files::posix_file_system(), kind, flags.source, flags.root.folder,
                           options, system_clock().now(), session.stop));
  const std::string target = (models::models_folder(flags.root.folder) / manifest.file).native();
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? to_json(manifest)
                            : fmt::format("Imported {}: {} {}, {}.\n", report::visible_text(target),
                                          to_string(kind), manifest.shape,
                                          choices_text(kind, manifest.choices))));
  return ExitCode::kOk;
}

void write_model(json::Writer& writer, const StoredModel& model) {
  writer.name("file").text(model.path.filename().native());
  writer.name("kind");
  if (!model.manifest) {
    for (const std::string_view name : {"shape", "sha256", "embedding", "activation", "divisor"}) {
      writer.null().name(name);
    }
    writer.null();
    return;
  }
  const models::ModelManifest& manifest = *model.manifest;
  writer.text(to_string(manifest.kind));
  writer.name("shape").text(manifest.shape);
  writer.name("sha256").text(manifest.digest.to_hex());
  writer.name("embedding").text(to_string(manifest.choices.embedding));
  writer.name("activation").text(to_string(manifest.choices.activation));
  writer.name("divisor");
  if (manifest.kind == ModelKind::kCrop) {
    writer.number(manifest.choices.divisor);
  } else {
    writer.null();
  }
}

std::string list_line(const StoredModel& model) {
  const std::string name = report::visible_text(model.path.filename().native());
  if (!model.manifest_error.empty()) {
    return fmt::format("{}: {}\n", name, report::visible_text(model.manifest_error));
  }
  if (!model.manifest) return fmt::format("{}: not imported\n", name);
  const models::ModelManifest& manifest = *model.manifest;
  return fmt::format("{}: {} {}, {}, SHA-256 {}\n", name, to_string(manifest.kind),
                     report::visible_text(manifest.shape),
                     choices_text(manifest.kind, manifest.choices), manifest.digest.to_hex());
}

Result<ExitCode> run_list(const RootFlag& root, Session& session) {
  ASSIGN_OR_RETURN(const auto stored, models::list_models(files::posix_file_system(), root.folder));
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object().name("models").begin_list();
    for (const StoredModel& model : stored) {
      writer.begin_object();
      write_model(writer, model);
      writer.end_object();
    }
    writer.end_list().end_object();
    RETURN_IF_ERROR(print(writer.take() + "\n"));
    return ExitCode::kOk;
  }
  std::string text;
  for (const StoredModel& model : stored) text += list_line(model);
  if (stored.empty()) {
    text = fmt::format("No models in {}. Import one: assay models import --help\n",
                       models::models_folder(report::visible_text(root.folder)).native());
  }
  RETURN_IF_ERROR(print(text));
  return ExitCode::kOk;
}

Result<ExitCode> run_model_verify(const RootFlag& root, Session& session) {
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const auto stored, models::list_models(file_system, root.folder));
  if (stored.empty()) {
    return missing(fmt::format("there are no models in {}; import one: assay models import --help",
                               models::models_folder(root.folder).native()));
  }
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("models").begin_list();
  std::string text;
  std::size_t num_broken = 0;
  for (const StoredModel& model : stored) {
    const auto found = models::verify_model(file_system, model, session.stop);
    if (!found && found.error().code == ErrorCode::kCancelled) return found.error();
    num_broken += found ? 0 : 1;
    const std::string words = found ? *found : found.error().message;
    writer.begin_object();
    writer.name("file").text(model.path.filename().native());
    writer.name("ok").boolean(found.has_value());
    writer.name("finding").text(words);
    writer.end_object();
    text += fmt::format("{:<6}  {}: {}\n", found ? "ok" : "BROKEN",
                        report::visible_text(model.path.filename().native()),
                        report::visible_text(words));
  }
  writer.end_list().end_object();
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? writer.take() + "\n" : text));
  return num_broken == 0 ? ExitCode::kOk : ExitCode::kFailed;
}

void add_model_import_command(CommandTree& tree, CLI::App& group, ModelKind kind,
                              std::string_view purpose, const std::vector<std::string>& examples) {
  auto flags = std::make_shared<ModelImportFlags>();
  CLI::App& command = tree.add_command(
      group, to_string(kind), purpose, examples,
      [flags, kind](Session& session) { return run_model_import(*flags, kind, session); });
  add_option(command, "SOURCE", flags->source,
             kind == ModelKind::kClip
                 ? "A .safetensors or .bin file, or a folder as Hugging Face lays it out."
                 : "A .pt or .safetensors file of a state dict.")
      ->required();
  flags->root.add_to(command);
  add_option(command, "--activation", flags->activation,
             kind == ModelKind::kClip
                 ? "gelu (default) or quickgelu: what the tower is run with."
                 : "gelu (default) or quickgelu: of the tower it was trained with.")
      ->check(CLI::IsMember({"gelu", "quickgelu"}));
  if (kind == ModelKind::kClip) {
    add_option(command, "--tokenizer", flags->tokenizer,
               "The tokenizer of its text tower: a folder or file of Hugging Face, or "
               "bpe_simple_vocab_16e6.txt.gz [what lies beside SOURCE].")
        ->type_name("PATH");
  } else {
    add_option(command, "--embedding", flags->embedding,
               "raw (default) or l2: the vectors it was trained on, as they are or of length 1.")
        ->check(CLI::IsMember({"raw", "l2"}));
    add_option(command, "--quirks", flags->quirks,
               "upstream: what the old programs fed it, against its training: vectors of length 1, "
               "sizes divided by 10000.")
        ->check(CLI::IsMember({"upstream"}));
  }
  if (kind == ModelKind::kCrop) {
    add_option(command, "--divisor", flags->divisor,
               "What width and height are divided by; 2048 by default.")
        ->check(real_number(1e-6));
  }
  command.add_flag("--replace", flags->replace, "Replace another model of the same name.");
}

}  // namespace

void add_models_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(
      tree.root(), "models", "Fetch and import models, and check those that are there.");
  add_models_fetch_command(tree, group);
  CLI::App& import = CommandTree::add_group(
      group, "import", "Check a model's tensors and copy it, with a note of how it is meant.");
  add_model_import_command(
      tree, import, ModelKind::kClip, "A CLIP image tower: images to embeddings.",
      {"assay models import clip ViT-B-32.safetensors",
       "assay models import clip clip-vit-base-patch32 --activation quickgelu"});
  add_model_import_command(tree, import, ModelKind::kRanker,
                           "A ranking head: embeddings to scores.",
                           {"assay models import ranker ranker_v4.pt",
                            "assay models import ranker ranker_v4.pt --quirks upstream"});
  add_model_import_command(tree, import, ModelKind::kCrop,
                           "A crop head: embeddings and image sizes to boxes.",
                           {"assay models import crop crop_proposer_v3.pt"});

  auto list_root = std::make_shared<RootFlag>();
  list_root->add_to(
      tree.add_command(group, "list", "List the models that are there.",
                       {"assay models list", "assay models list --root data --json"},
                       [list_root](Session& session) { return run_list(*list_root, session); }));
  auto verify_root = std::make_shared<RootFlag>();
  verify_root->add_to(tree.add_command(
      group, "verify",
      "Read every model whole: digests, names and shapes. Exits 1 if one is broken.",
      {"assay models verify", "assay models verify --root data --json"},
      [verify_root](Session& session) { return run_model_verify(*verify_root, session); }));
}

}  // namespace assay::cli

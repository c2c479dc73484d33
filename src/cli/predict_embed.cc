#include "app/predict_session.h"
#include "cli/option_check_internal.h"
#include "cli/predict_models_flags_internal.h"
#include "cli/predict_options_internal.h"
#include "core/clock.h"
#include "core/progress.h"
#include "embedding/vector_table.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

struct EmbedFlags {
  std::string source;
  std::string output;
  ModelFlags models;
};

/// What was done, and by which model.
struct EmbedSummary {
  const embedding::VectorTableReport& report;
  const app::EmbeddingSession& session;
  std::string output;
  std::optional<std::filesystem::path> lines;
};

std::string embed_text(const EmbedSummary& summary) {
  const embedding::VectorTableReport& report = summary.report;
  std::string text = fmt::format("{}, {} embedded, {} known",
                                 report::counted(report.num_images, "image", "images"),
                                 report.figures.num_embedded, report.figures.num_reused);
  for (const auto& [error, count] : report.failures) {
    text += fmt::format("; {} {}", count, report::visible_text(error));
  }
  text += fmt::format("; {} in {}", report::counted(report.num_vectors, "vector", "vectors"),
                      report::visible_text(summary.output));
  if (summary.lines) {
    text += fmt::format(", which is which in {}", report::visible_text(summary.lines->native()));
  }
  return text + "\n";
}

std::string embed_json(const EmbedSummary& summary) {
  const embedding::VectorTableReport& report = summary.report;
  const embedding_store::EmbeddingVariant& variant = summary.session.variant();
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("vectors_file").text(summary.output);
  writer.name("lines_file");
  if (summary.lines) {
    writer.text(summary.lines->native());
  } else {
    writer.null();
  }
  writer.name("images").unsigned_integer(report.num_images);
  writer.name("embedded").unsigned_integer(report.figures.num_embedded);
  writer.name("known").unsigned_integer(report.figures.num_reused);
  writer.name("failed").unsigned_integer(report.num_images - report.num_vectors);
  writer.name("failures").begin_object();
  for (const auto& [error, count] : report.failures) writer.name(error).unsigned_integer(count);
  writer.end_object();
  writer.name("shape").begin_list().unsigned_integer(report.num_vectors);
  writer.unsigned_integer(summary.session.embedder().dimension()).end_list();
  writer.name("model").begin_object();
  writer.name("file").text(summary.session.clip().native());
  writer.name("sha256").text(variant.model.to_hex());
  writer.name("activation").text(variant.activation);
  writer.name("preprocessing").text(variant.preprocessing);
  writer.name("precision").text(variant.precision);
  writer.end_object();
  return writer.end_object().take() + "\n";
}

/// A bar while images are embedded.
class EmbedBar {
 public:
  explicit EmbedBar(std::string title) : title_(std::move(title)) {}

  void show(std::uint64_t num_images, const embedding::EmbeddingFigures& figures) {
    if (!bar_) {
      bar_.emplace(title_, system_clock(),
                   ProgressOptions{
                       .style = progress_style_of_stderr(), .total = num_images, .unit = "images"});
    }
    if (figures.num_failed > 0) bar_->set_note(fmt::format("{} failed", figures.num_failed));
    bar_->advance(figures.num_images() - bar_->done());
  }

 private:
  std::string title_;
  std::optional<Progress> bar_;
};

Result<ExitCode> run_embed(const EmbedFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto lines, embedding::lines_path_of(flags.output));
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const auto info, file_system.info(flags.source));
  if (!info)
    return not_found(flags.source + ": no such file or folder; expected a zip or a folder");
  ASSIGN_OR_RETURN(app::PredictSessionOptions options, flags.models.options());
  options.int8_samples = {.sources = {flags.source}, .remarks = int8_remarks(session)};
  ASSIGN_OR_RETURN(const auto opened, app::EmbeddingSession::open(file_system, options));
  std::optional<EmbedBar> bar;
  if (!session.quiet) bar.emplace(report::visible_text(flags.source));
  auto report = embedding::write_vector_table(
      {.file_system = file_system,
       .clock = system_clock(),
       .store = opened->store(),
       .known = opened->known(),
       .embedder = opened->embedder(),
       .variant = opened->variant_id()},
      {.source = flags.source, .output = flags.output, .num_workers = flags.models.num_workers()},
      [&](std::uint64_t num_images, const embedding::EmbeddingFigures& figures) {
        if (bar) bar->show(num_images, figures);
      },
      session.stop);
  bar.reset();
  if (!report) return std::move(report).error();
  const EmbedSummary summary{
      .report = *report, .session = *opened, .output = flags.output, .lines = lines};
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? embed_json(summary) : embed_text(summary)));
  return report->failures.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_predict_embed_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<EmbedFlags>();
  CLI::App& command = tree.add_command(
      group, "embed",
      "Write CLIP's vectors of the images of a zip or a folder as a matrix or a table.",
      {"assay predict embed mojo1.zip --output mojo1.npy",
       "assay predict embed mojo1.zip --output mojo1.parquet",
       "assay predict embed images --output vectors.npy --clip ViT-B-32.safetensors --activation "
       "quickgelu"},
      [flags](Session& session) { return run_embed(*flags, session); });
  add_option(command, "source", flags->source, "A zip or a folder; it is only read.")
      ->required()
      ->type_name("SOURCE");
  add_option(command, "--output", flags->output,
             "A matrix, FILE.npy, and beside it FILE.jsonl, a line for each image; or a table of "
             "all, FILE.parquet.")
      ->required()
      ->type_name("FILE")
      ->check([](const std::string& text) { return problem_of(embedding::lines_path_of(text)); });
  flags->models.add_to(command);
}

}  // namespace assay::cli

#include "app/predict_session.h"

#include "core/log.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "json/writer.h"
#include "models/checkpoint.h"
#include "models/clip_scales.h"
#include "models/clip_shape.h"
#include "models/engine.h"
#include "models/mlp_head.h"
#include "models/model_folder.h"

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPreferredRanker = "ranker_v4.pt";

/// A model with what is known of it.
struct OpenModel {
  fs::path path;
  Sha256 digest{Sha256::Bytes{}};
  models::ModelChoices choices;
  models::Checkpoint checkpoint;
};

Result<models::FoundModel> locate(files::FileSystem& file_system,
                                  const PredictSessionOptions& options, models::ModelKind kind,
                                  const std::optional<fs::path>& given) {
  if (!given) return models::find_model(file_system, options.tree.root(), kind);
  return models::model_at(file_system, *given, kind);
}

Result<OpenModel> open_model(files::FileSystem& file_system, const models::FoundModel& found) {
  ASSIGN_OR_RETURN(const Sha256 digest, models::digest_of(file_system, found));
  ASSIGN_OR_RETURN(auto source, files::open_byte_source(file_system, found.path));
  ASSIGN_OR_RETURN(models::Checkpoint checkpoint, models::open_checkpoint(std::move(source)));
  return OpenModel{.path = found.path,
                   .digest = digest,
                   .choices = found.choices,
                   .checkpoint = std::move(checkpoint)};
}

Result<OpenModel> open_ranker(files::FileSystem& file_system, const PredictSessionOptions& options,
                              std::string& wanted) {
  auto found = locate(file_system, options, models::ModelKind::kRanker, options.ranker);
  if (!found && found.error().code == ErrorCode::kMissing && options.ranker_fallback) {
    wanted = options.ranker ? options.ranker->native() : std::string(kPreferredRanker);
    log_warning("the ranker is not there; the fallback takes its place",
                {{"wanted", wanted}, {"fallback", options.ranker_fallback->native()}});
    found = locate(file_system, options, models::ModelKind::kRanker, options.ranker_fallback);
  } else if (found && !options.ranker && found->path.filename() != kPreferredRanker) {
    wanted = kPreferredRanker;
    log_warning("the ranker is not there; an older one takes its place",
                {{"wanted", wanted}, {"fallback", found->path.native()}});
  }
  if (!found) return found.error();
  return open_model(file_system, *found);
}

/// CLIP's image tower with what its vectors depend on.
struct Tower {
  fs::path path;
  models::ClipImageEncoder encoder;
  embedding_store::EmbeddingVariant variant;
};

/// As vectors are kept by: those of other scales are other vectors.
std::string name_of(models::Precision precision, const std::optional<models::ClipScales>& scales) {
  constexpr std::size_t kDigits = 16;
  std::string name(to_string(precision));
  if (scales) name += "-" + digest_of(*scales).to_hex().substr(0, kDigits);
  return name;
}

Result<Tower> open_tower(files::FileSystem& file_system, const PredictSessionOptions& options) {
  ASSIGN_OR_RETURN(const models::FoundModel found,
                   locate(file_system, options, models::ModelKind::kClip, options.clip));
  ASSIGN_OR_RETURN(const OpenModel clip, open_model(file_system, found));
  models::ClipOptions clip_options;
  clip_options.activation = options.activation.value_or(clip.choices.activation);
  clip_options.precision = options.precision;
  clip_options.num_workers = options.num_workers;
  std::optional<models::ClipScales> scales;
  if (options.precision == models::Precision::kInt8) {
    ASSIGN_OR_RETURN(const models::ClipShape shape, models::read_clip_shape(clip.checkpoint));
    ASSIGN_OR_RETURN(
        scales,
        int8_scales(file_system, clip.path, clip.checkpoint,
                    {.model = clip.digest, .activation = clip_options.activation, .shape = shape},
                    options.int8_samples));
    clip_options.block_inputs = scales->block_inputs;
  }
  ASSIGN_OR_RETURN(auto encoder, models::ClipImageEncoder::load(clip.checkpoint, clip_options));
  embedding_store::EmbeddingVariant variant{
      .model = clip.digest,
      .activation = std::string(to_string(clip_options.activation)),
      .preprocessing =
          fmt::format("clip-{}{}", encoder.shape().crop_side(),
                      options.orientation == images::ExifOrientation::kHonour ? "-exif" : ""),
      .precision = name_of(encoder.precision(), scales)};
  return Tower{.path = clip.path, .encoder = std::move(encoder), .variant = std::move(variant)};
}

void write_model(json::Writer& writer, std::string_view role, const fs::path& path,
                 const Sha256& digest, const models::ModelChoices& choices) {
  writer.name(role).begin_object();
  writer.name("file").text(path.native());
  writer.name("sha256").text(digest.to_hex());
  writer.name("activation").text(to_string(choices.activation));
  if (role != "clip") writer.name("embedding").text(to_string(choices.embedding));
  if (role == "crop_proposer") writer.name("divisor").number(choices.divisor);
  writer.end_object();
}

}  // namespace

Result<std::unique_ptr<embedding::ImageEmbedder>> open_embedder(
    files::FileSystem& file_system, const PredictSessionOptions& options) {
  ASSIGN_OR_RETURN(Tower tower, open_tower(file_system, options));
  return std::make_unique<embedding::ClipEmbedder>(std::move(tower.encoder));
}

EmbeddingSession::EmbeddingSession(models::ClipImageEncoder encoder,
                                   embedding_store::EmbeddingVariant variant)
    : embedder_(std::move(encoder)), variant_(std::move(variant)), variant_id_(id_of(variant_)) {}

Result<std::unique_ptr<EmbeddingSession>> EmbeddingSession::open(
    files::FileSystem& file_system, const PredictSessionOptions& options) {
  ASSIGN_OR_RETURN(Tower tower, open_tower(file_system, options));
  std::unique_ptr<EmbeddingSession> session(
      new EmbeddingSession(std::move(tower.encoder), std::move(tower.variant)));
  session->clip_ = std::move(tower.path);
  ASSIGN_OR_RETURN(session->store_,
                   embedding_store::EmbeddingStore::open(
                       file_system, options.tree.store(), system_random(),
                       {.dimension = static_cast<std::uint32_t>(session->embedder_.dimension()),
                        .lock_patience = embedding_store::EmbeddingStoreOptions().lock_patience,
                        .index = embedding_store::EmbeddingStoreOptions::Index::kSqlite}));
  session->store_->add_variant(session->variant_);
  ASSIGN_OR_RETURN(session->known_, embedding_store::KnownImages::open(
                                        file_system, options.tree.store(), system_random()));
  return session;
}

PredictSession::PredictSession(files::FileSystem& file_system, Clock& clock,
                               std::unique_ptr<EmbeddingSession> embedding, models::MlpHead ranker,
                               models::MlpHead crop)
    : file_system_(&file_system),
      clock_(&clock),
      embedding_(std::move(embedding)),
      ranker_(std::move(ranker)),
      crop_(std::move(crop)) {}

Result<std::unique_ptr<PredictSession>> PredictSession::open(files::FileSystem& file_system,
                                                             Clock& clock,
                                                             const PredictSessionOptions& options) {
  // The heads first: they are small, and it is a pity to load a tower for nothing.
  predict::RunModels run_models;
  ASSIGN_OR_RETURN(OpenModel ranker, open_ranker(file_system, options, run_models.ranker_wanted));
  ASSIGN_OR_RETURN(const models::FoundModel found_crop,
                   locate(file_system, options, models::ModelKind::kCrop, options.crop));
  ASSIGN_OR_RETURN(OpenModel crop, open_model(file_system, found_crop));
  for (OpenModel* const head : {&ranker, &crop}) {
    if (options.embedding) head->choices.embedding = *options.embedding;
    if (options.size_divisor) head->choices.divisor = *options.size_divisor;
  }
  ASSIGN_OR_RETURN(models::MlpHead ranker_head,
                   models::MlpHead::load(ranker.checkpoint, models::HeadKind::kRanker));
  ASSIGN_OR_RETURN(models::MlpHead crop_head,
                   models::MlpHead::load(crop.checkpoint, models::HeadKind::kCrop));
  ASSIGN_OR_RETURN(auto embedding, EmbeddingSession::open(file_system, options));

  const std::string& activation = embedding->variant().activation;
  for (const OpenModel* const head : {&ranker, &crop}) {
    if (to_string(head->choices.activation) == activation) continue;
    log_warning("a head was trained on embeddings of another activation",
                {{"head", head->path.native()},
                 {"trained_on", to_string(head->choices.activation)},
                 {"given", activation}});
  }
  run_models.ranker = ranker.path.filename().native();
  run_models.ranker_sha256 = ranker.digest.to_hex();
  run_models.crop_proposer = crop.path.filename().native();
  run_models.crop_proposer_sha256 = crop.digest.to_hex();
  run_models.clip = embedding->clip().filename().native();
  run_models.clip_sha256 = embedding->variant().model.to_hex();
  run_models.precision = embedding->variant().precision;

  ASSIGN_OR_RETURN(const std::string engine, models::engine_version());
  json::Writer writer;
  writer.begin_object();
  models::ModelChoices clip_choices;
  clip_choices.activation = models::parse_activation(activation).value_or(clip_choices.activation);
  write_model(writer, "clip", embedding->clip(), embedding->variant().model, clip_choices);
  write_model(writer, "ranker", ranker.path, ranker.digest, ranker.choices);
  write_model(writer, "crop_proposer", crop.path, crop.digest, crop.choices);
  writer.name("precision").text(run_models.precision);
  writer.name("engine").text(engine);
  if (!run_models.ranker_wanted.empty()) {
    writer.name("ranker_wanted").text(run_models.ranker_wanted);
  }
  writer.end_object();

  std::unique_ptr<PredictSession> session(new PredictSession(
      file_system, clock, std::move(embedding), std::move(ranker_head), std::move(crop_head)));
  session->decide_options_.ranker_embedding = ranker.choices.embedding;
  session->decide_options_.crop_embedding = crop.choices.embedding;
  session->decide_options_.size_divisor = static_cast<float>(crop.choices.divisor);
  session->models_ = std::move(run_models);
  session->models_json_ = writer.take();
  return session;
}

predict::ProjectTools PredictSession::tools() {
  return {.file_system = *file_system_,
          .clock = *clock_,
          .store = embedding_->store(),
          .known = embedding_->known(),
          .embedder = embedding_->embedder(),
          .heads = {.ranker = ranker_, .crop = crop_},
          .variant = embedding_->variant_id()};
}

}  // namespace assay::app

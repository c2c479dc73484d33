/// \file
/// The models and stores that predicting works with, found and opened once for a batch.

#pragma once

#include "app/int8_scales.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "embedding/clip_embedder.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/known_images.h"
#include "files/file_system.h"
#include "images/decode.h"
#include "models/clip_image.h"
#include "models/manifest.h"
#include "predict/data_tree.h"
#include "predict/project_run.h"
#include "predict/run_log.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace assay::app {

struct PredictSessionOptions {
  predict::DataTree tree = predict::DataTree("data");
  /// Files in place of those in the tree's folder of models.
  std::optional<std::filesystem::path> clip = std::nullopt;
  std::optional<std::filesystem::path> ranker = std::nullopt;
  std::optional<std::filesystem::path> crop = std::nullopt;
  /// Taken when `ranker` is not there; that it was is recorded.
  std::optional<std::filesystem::path> ranker_fallback = std::nullopt;
  /// In place of what the manifests say.
  std::optional<models::Activation> activation = std::nullopt;
  std::optional<models::EmbeddingForm> embedding = std::nullopt;
  std::optional<double> size_divisor = std::nullopt;
  models::Precision precision = models::Precision::kAuto;
  Int8Samples int8_samples = {};  ///< Of int8 alone.
  /// As the images will be decoded: vectors of turned images are others.
  images::ExifOrientation orientation = images::ExifOrientation::kIgnore;
  std::size_t num_workers = 1;
};

/// CLIP's tower alone, without a store. Errors: as EmbeddingSession::open().
Result<std::unique_ptr<embedding::ImageEmbedder>> open_embedder(
    files::FileSystem& file_system, const PredictSessionOptions& options);

/// CLIP and the store of what it made.
class EmbeddingSession {
 public:
  /// Errors: kMissing (a model that is not there, and how to get it), kInvalidInput and kCorrupt
  ///         (one that is something else), those of the store.
  static Result<std::unique_ptr<EmbeddingSession>> open(files::FileSystem& file_system,
                                                        const PredictSessionOptions& options);

  const embedding::ClipEmbedder& embedder() const { return embedder_; }
  embedding_store::EmbeddingStore& store() { return *store_; }
  embedding_store::KnownImages& known() { return *known_; }
  const embedding_store::EmbeddingVariant& variant() const { return variant_; }
  const Sha256& variant_id() const { return variant_id_; }
  /// The file that the tower was read from.
  const std::filesystem::path& clip() const { return clip_; }

 private:
  EmbeddingSession(models::ClipImageEncoder encoder, embedding_store::EmbeddingVariant variant);

  std::filesystem::path clip_;
  embedding::ClipEmbedder embedder_;
  embedding_store::EmbeddingVariant variant_;
  Sha256 variant_id_;
  std::unique_ptr<embedding_store::EmbeddingStore> store_;
  std::unique_ptr<embedding_store::KnownImages> known_;
};

/// The same with the heads.
class PredictSession {
 public:
  /// Errors: as EmbeddingSession::open().
  static Result<std::unique_ptr<PredictSession>> open(files::FileSystem& file_system, Clock& clock,
                                                      const PredictSessionOptions& options);

  /// Lifetime: as long as this.
  predict::ProjectTools tools();
  const EmbeddingSession& embedding() const { return *embedding_; }
  /// What the heads were trained on.
  const predict::DecideOptions& decide_options() const { return decide_options_; }
  const predict::RunModels& models() const { return models_; }
  /// For the table `runs`: each model with its file, digest and choices.
  const std::string& models_json() const { return models_json_; }

 private:
  PredictSession(files::FileSystem& file_system, Clock& clock,
                 std::unique_ptr<EmbeddingSession> embedding, models::MlpHead ranker,
                 models::MlpHead crop);

  files::FileSystem* file_system_;
  Clock* clock_;
  std::unique_ptr<EmbeddingSession> embedding_;
  models::MlpHead ranker_;
  models::MlpHead crop_;
  predict::DecideOptions decide_options_;
  predict::RunModels models_;
  std::string models_json_;
};

}  // namespace assay::app

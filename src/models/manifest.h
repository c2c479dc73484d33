/// \file
/// What is recorded beside an imported model: what it is, and how its numbers are meant.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "core/timestamp.h"
#include "models/clip_image.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace assay::models {

enum class ModelKind {
  kClip,    ///< Images to embeddings.
  kRanker,  ///< Embeddings to scores.
  kCrop,    ///< Embeddings and sizes to boxes.
};

/// "clip", "ranker" or "crop".
std::string_view to_string(ModelKind kind);

/// How long the embeddings are that a head was trained on.
enum class EmbeddingForm {
  kRaw,  ///< As the tower gives them.
  kL2,   ///< Divided by their length.
};

/// "raw" or "l2".
std::string_view to_string(EmbeddingForm form);
/// Errors: kInvalidInput, which lists the names.
Result<EmbeddingForm> parse_embedding_form(std::string_view name);

/// What tensors do not tell: whoever runs a model with other choices than it was trained with gets
/// numbers that look right and are wrong. The defaults are those of the training programs.
struct ModelChoices {
  EmbeddingForm embedding = EmbeddingForm::kRaw;
  /// Of the tower; for a head, of the tower whose embeddings it was trained on.
  Activation activation = Activation::kGelu;
  /// A crop head is given width and height in pixels divided by this.
  double divisor = 2048;
};

/// `FILE.manifest.json` beside the model FILE.
struct ModelManifest {
  ModelKind kind = ModelKind::kClip;
  std::string file;   ///< Its name, without folder.
  std::string shape;  ///< `ViT-B/32`, `512-256-64-1`.
  ByteCount size;
  Sha256 digest;
  std::string source;  ///< Where it was imported from, as the user gave it.
  Timestamp imported;
  ModelChoices choices;
  /// Of CLIP: where the tokenizer of its text tower was copied from; empty: it has none.
  std::string tokenizer = {};
  /// Of the file when its digest was last taken; older manifests do not say it.
  std::optional<Timestamp> modified = std::nullopt;
};

/// One JSON object on several lines, with a line end.
std::string to_json(const ModelManifest& manifest);
/// Errors: kCorrupt, which names the member.
Result<ModelManifest> parse_manifest(std::string_view json);

/// Where the manifest of a model lies.
std::filesystem::path manifest_path(const std::filesystem::path& model);

}  // namespace assay::models

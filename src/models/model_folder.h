/// \file
/// The folder of models below a data root: what is imported into it, and what is found in it.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "models/checkpoint.h"
#include "models/manifest.h"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// `ai_data/models` below the root.
std::filesystem::path models_folder(const std::filesystem::path& root);

/// Check that a checkpoint is a model of this kind, by the names and shapes of its tensors. The
/// result is its shape in words: `ViT-B/32`, `512-256-64-1`.
/// Errors: kInvalidInput, which names the tensor; those of reading.
Result<std::string> check_model(const Checkpoint& checkpoint, ModelKind kind);

enum class ReplaceModel {
  kRefuse,  ///< Another file of that name is there: leave it.
  kAllow,
};

struct ImportOptions {
  ModelChoices choices = {};
  ReplaceModel replace = ReplaceModel::kRefuse;
  /// Of CLIP: the tokenizer of its text tower, as tokenizer::open_clip_tokenizer() takes it. Empty:
  /// what lies beside the checkpoint, if anything.
  std::filesystem::path tokenizer = {};
};

/// Copy a model into the folder and write its manifest, after a check of all its tensors.
///
/// `source` is a file, or for CLIP also a folder as Hugging Face lays it out, which then gives the
/// model its name. The same bytes imported again only get a new manifest; so does a model that
/// lies in the folder already. Where CLIP's text tower is in the file too, its tokenizer is copied
/// beside it, after a check that it is that tower's.
/// Errors: kNotFound, kInvalidInput (not such a model; another file of that name is there),
///         kCorrupt, kExhausted, kDenied, kNoSpace, kUnavailable, kCancelled.
Result<ModelManifest> import_model(files::FileSystem& file_system, ModelKind kind,
                                   const std::filesystem::path& source,
                                   const std::filesystem::path& root, const ImportOptions& options,
                                   Timestamp now, const std::stop_token& stop);

/// Where the tokenizer of a CLIP model lies: `MODEL.tokenizer` beside it, where imports put it, or
/// the folder it lies in; none where neither has one. Errors: as FileSystem.
Result<std::optional<std::filesystem::path>> find_tokenizer(files::FileSystem& file_system,
                                                            const std::filesystem::path& model);

/// A file of the folder that looks like a model.
struct StoredModel {
  std::filesystem::path path;
  /// None for a model that was put there by hand.
  std::optional<ModelManifest> manifest;
  /// What is wrong with the manifest, or nothing.
  std::string manifest_error;
};

/// Everything in the folder that is called .pt, .safetensors or .bin, and whatever a manifest
/// names. Order: by name. Nothing when there is no folder. Errors: those of the file system.
Result<std::vector<StoredModel>> list_models(files::FileSystem& file_system,
                                             const std::filesystem::path& root);

/// Read a model whole: tensors that do not fit its kind, or bytes that its manifest does not tell,
/// are errors. A model without a manifest is checked as whatever it can be; the result then says
/// so. The result is its kind and shape in words.
/// Errors: kInvalidInput, kCorrupt, kNotFound, kCancelled, those of reading.
Result<std::string> verify_model(files::FileSystem& file_system, const StoredModel& model,
                                 const std::stop_token& stop);

/// A model to work with.
struct FoundModel {
  std::filesystem::path path;
  /// Of its manifest, or the defaults.
  ModelChoices choices;
  std::optional<ModelManifest> manifest;
};

/// The SHA-256 of a model's file: as its manifest says, where size and time of the file are those
/// of the manifest. Else all of it is read, and the manifest then tells of that time.
/// Errors: kInvalidInput (not the file that was imported), those of the file system.
Result<Sha256> digest_of(files::FileSystem& file_system, const FoundModel& model);

/// The model in this file, which need not be imported.
/// Errors: kMissing (no such file; says how to import one), kInvalidInput (imported as another
///         kind), kCorrupt (its manifest), those of the file system.
Result<FoundModel> model_at(files::FileSystem& file_system, const std::filesystem::path& path,
                            ModelKind kind);

/// The model of this kind that work uses when none is named: ranker_v4.pt, else ranker_v3_w10.pt;
/// crop_proposer_v3.pt, else crop_proposer_v2.pt; ViT-B-32.safetensors, else clip.safetensors, else
/// open_clip_pytorch_model.bin; where those are absent, the only one that was imported.
/// Errors: kMissing (says how to import one), kInvalidInput (several: says to name one), kCorrupt
///         (its manifest), those of the file system.
Result<FoundModel> find_model(files::FileSystem& file_system, const std::filesystem::path& root,
                              ModelKind kind);

}  // namespace assay::models

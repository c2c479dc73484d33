#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "models/import_tokenizer_internal.h"
#include "models/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace assay::models {
namespace {

/// Read at a time.
constexpr std::size_t kPieceSize = std::size_t{1} << 20;

/// What a Hugging Face folder calls its weights, the preferred first.
constexpr std::array<std::string_view, 4> kFolderFiles = {
    "model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin",
    "open_clip_pytorch_model.bin"};

struct Source {
  std::filesystem::path file;
  std::string name;  ///< In the folder of models.
};

Result<Source> find_source(files::FileSystem& file_system, const std::filesystem::path& given,
                           ModelKind kind) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(given));
  if (!info) return not_found(given.native() + ": no such file or folder");
  if (info->kind != files::FileKind::kFolder) return Source{given, given.filename().native()};
  if (kind != ModelKind::kClip) {
    return invalid_input(given.native() + ": a folder; expected the file of the model");
  }
  for (const std::string_view name : kFolderFiles) {
    ASSIGN_OR_RETURN(const auto file, file_system.info(given / name));
    if (!file) continue;
    ASSIGN_OR_RETURN(const auto absolute, file_system.resolve(given));
    return Source{given / name,
                  absolute.filename().native() + std::filesystem::path(name).extension().native()};
  }
  return invalid_input(given.native() +
                       ": neither model.safetensors nor pytorch_model.bin is in this folder");
}

/// Give each piece of a file to `take`, and return the digest of all.
Result<Sha256> read_whole(const files::ByteSource& source, const std::stop_token& stop,
                          const std::function<Status(std::string_view)>& take) {
  crypto::Sha256Hasher hasher;
  std::string piece(kPieceSize, '\0');
  for (std::uint64_t offset = 0; offset < source.size().count();) {
    if (stop.stop_requested()) return cancelled("stopped");
    ASSIGN_OR_RETURN(const std::size_t got,
                     source.read_at(offset, std::as_writable_bytes(std::span(piece))));
    if (got == 0) return corrupt(source.name() + ": the file became shorter");
    const std::string_view bytes = std::string_view(piece).substr(0, got);
    hasher.update(bytes);
    RETURN_IF_ERROR(take(bytes));
    offset += got;
  }
  return hasher.finish();
}

Result<Sha256> file_digest(files::FileSystem& file_system, const std::filesystem::path& path,
                           const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, path));
  return read_whole(*source, stop, [](std::string_view) -> Status { return {}; });
}

Result<Checkpoint> open_file(files::FileSystem& file_system, const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(auto source, files::open_byte_source(file_system, path));
  return open_checkpoint(std::move(source));
}

Result<std::string> check_file(files::FileSystem& file_system, const std::filesystem::path& path,
                               ModelKind kind) {
  ASSIGN_OR_RETURN(const Checkpoint checkpoint, open_file(file_system, path));
  return check_model(checkpoint, kind);
}

/// Copy unless the target has these bytes. Returns their digest.
Result<Sha256> copy_model(files::FileSystem& file_system, const std::filesystem::path& from,
                          const std::filesystem::path& to, ReplaceModel replace,
                          const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto there, file_system.info(to));
  if (there) {
    ASSIGN_OR_RETURN(const Sha256 old_digest, file_digest(file_system, to, stop));
    ASSIGN_OR_RETURN(const Sha256 new_digest, file_digest(file_system, from, stop));
    if (old_digest == new_digest) return new_digest;
    if (replace == ReplaceModel::kRefuse) {
      return invalid_input(to.native() +
                           ": another model of that name is there; give --replace, or rename the "
                           "new one");
    }
    // Without its manifest first: at no moment does one tell of another file's bytes.
    const std::filesystem::path old_manifest = manifest_path(to);
    ASSIGN_OR_RETURN(const auto manifest, file_system.info(old_manifest));
    if (manifest) {
      RETURN_IF_ERROR(file_system.remove(old_manifest));
      RETURN_IF_ERROR(file_system.sync_folder(to.parent_path()));
    }
  }
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, from));
  ASSIGN_OR_RETURN(files::AtomicFile target, files::AtomicFile::create(file_system, to));
  ASSIGN_OR_RETURN(
      const Sha256 digest,
      read_whole(*source, stop, [&target](std::string_view bytes) { return target.write(bytes); }));
  RETURN_IF_ERROR(target.commit());
  return digest;
}

}  // namespace

Result<ModelManifest> import_model(files::FileSystem& file_system, ModelKind kind,
                                   const std::filesystem::path& source,
                                   const std::filesystem::path& root, const ImportOptions& options,
                                   Timestamp now, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Source found, find_source(file_system, source, kind));
  if (found.name.empty() || found.name.starts_with('.')) {
    return invalid_input(source.native() + ": a model needs a name that does not start with a dot");
  }
  ASSIGN_OR_RETURN(const Checkpoint checkpoint, open_file(file_system, found.file));
  ASSIGN_OR_RETURN(const std::string shape, check_model(checkpoint, kind));
  TokenizerSource tokenizer;
  if (kind == ModelKind::kClip) {
    ASSIGN_OR_RETURN(tokenizer,
                     check_tokenizer(file_system, checkpoint, found.file, options.tokenizer));
  }
  const std::filesystem::path target = models_folder(root) / found.name;
  ASSIGN_OR_RETURN(const Sha256 digest,
                   copy_model(file_system, found.file, target, options.replace, stop));
  if (!tokenizer.path.empty()) {
    RETURN_IF_ERROR(copy_tokenizer(file_system, tokenizer, target));
  }
  ASSIGN_OR_RETURN(const auto copied, file_system.info(target));
  if (!copied) return not_found(target.native() + ": the copy was removed meanwhile");
  ModelManifest manifest{.kind = kind,
                         .file = found.name,
                         .shape = shape,
                         .size = copied->size,
                         .digest = digest,
                         .source = source.native(),
                         .imported = now,
                         .choices = options.choices,
                         .tokenizer = tokenizer.path.native(),
                         .modified = copied->modified};
  RETURN_IF_ERROR(files::write_file(file_system, manifest_path(target), to_json(manifest)));
  return manifest;
}

Result<Sha256> digest_of(files::FileSystem& file_system, const FoundModel& model) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(model.path));
  if (!info) return not_found(model.path.native() + ": the file is gone");
  const auto& manifest = model.manifest;
  if (manifest && manifest->size == info->size && manifest->modified == info->modified) {
    return manifest->digest;
  }
  ASSIGN_OR_RETURN(const Sha256 digest, file_digest(file_system, model.path, {}));
  if (!manifest) return digest;
  if (digest != manifest->digest) {
    return invalid_input(fmt::format(
        "{0}: another file than the one that was imported lies there; import it again: assay "
        "models import {1} {0}",
        model.path.native(), to_string(manifest->kind)));
  }
  ModelManifest looked_at = *manifest;
  looked_at.modified = info->modified;
  // Where nothing may be written the next one looks as well.
  static_cast<void>(files::write_file(file_system, manifest_path(model.path), to_json(looked_at)));
  return digest;
}

Result<std::string> verify_model(files::FileSystem& file_system, const StoredModel& model,
                                 const std::stop_token& stop) {
  if (!model.manifest_error.empty()) return corrupt(model.manifest_error);
  if (!model.manifest) {
    for (const ModelKind kind : {ModelKind::kClip, ModelKind::kRanker, ModelKind::kCrop}) {
      const auto shape = check_file(file_system, model.path, kind);
      if (shape) {
        return fmt::format("{} {}, not imported: its digest is not known", to_string(kind), *shape);
      }
      if (shape.error().code != ErrorCode::kInvalidInput) return shape.error();
    }
    return invalid_input(model.path.native() +
                         ": neither a CLIP tower nor a ranker nor a crop head");
  }
  const ModelManifest& manifest = *model.manifest;
  ASSIGN_OR_RETURN(const Sha256 digest, file_digest(file_system, model.path, stop));
  if (digest != manifest.digest) {
    return corrupt(fmt::format("{}: SHA-256 {}; {} was imported: import it again",
                               model.path.native(), digest.to_hex(), manifest.digest.to_hex()));
  }
  ASSIGN_OR_RETURN(const std::string shape, check_file(file_system, model.path, manifest.kind));
  return fmt::format("{} {}", to_string(manifest.kind), shape);
}

}  // namespace assay::models

#include "models/model_folder.h"

#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "models/clip_shape.h"
#include "models/mlp_head.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace assay::models {
namespace {

constexpr std::array<std::string_view, 3> kExtensions = {".pt", ".safetensors", ".bin"};
constexpr std::string_view kManifestEnd = ".manifest.json";
constexpr ByteCount kMaxManifestSize{1U << 20};

/// In the order of preference.
constexpr std::array<std::string_view, 2> kRankers = {"ranker_v4.pt", "ranker_v3_w10.pt"};
constexpr std::array<std::string_view, 2> kCrops = {"crop_proposer_v3.pt", "crop_proposer_v2.pt"};

constexpr std::array<std::string_view, 3> kTowers = {"ViT-B-32.safetensors", "clip.safetensors",
                                                     "open_clip_pytorch_model.bin"};

std::span<const std::string_view> usual_names(ModelKind kind) {
  if (kind == ModelKind::kRanker) return kRankers;
  if (kind == ModelKind::kCrop) return kCrops;
  return kTowers;
}

/// The manifest of a model; nothing when there is none.
Result<std::optional<ModelManifest>> read_manifest(files::FileSystem& file_system,
                                                   const std::filesystem::path& model) {
  const std::filesystem::path path = manifest_path(model);
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return std::optional<ModelManifest>();
  ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxManifestSize));
  auto manifest = with_context(parse_manifest(text), path.native());
  if (!manifest) return std::move(manifest.error());
  return std::optional(std::move(*manifest));
}

Result<FoundModel> found(files::FileSystem& file_system, std::filesystem::path path,
                         ModelKind kind) {
  ASSIGN_OR_RETURN(auto manifest, read_manifest(file_system, path));
  if (manifest && manifest->kind != kind) {
    return invalid_input(fmt::format("{} was imported as {}; expected {}", path.native(),
                                     to_string(manifest->kind), to_string(kind)));
  }
  FoundModel model{.path = std::move(path), .choices = {}, .manifest = std::move(manifest)};
  if (model.manifest) model.choices = model.manifest->choices;
  return model;
}

}  // namespace

std::filesystem::path models_folder(const std::filesystem::path& root) {
  return root / "ai_data" / "models";
}

Result<std::string> check_model(const Checkpoint& checkpoint, ModelKind kind) {
  if (kind == ModelKind::kClip) {
    ASSIGN_OR_RETURN(const ClipShape shape, read_clip_shape(checkpoint));
    return to_string(shape);
  }
  ASSIGN_OR_RETURN(
      const MlpHead head,
      MlpHead::load(checkpoint, kind == ModelKind::kRanker ? HeadKind::kRanker : HeadKind::kCrop));
  return fmt::format("{}", fmt::join(head.widths(), "-"));
}

Result<std::vector<StoredModel>> list_models(files::FileSystem& file_system,
                                             const std::filesystem::path& root) {
  const std::filesystem::path folder = models_folder(root);
  std::vector<StoredModel> models;
  ASSIGN_OR_RETURN(const auto folder_info, file_system.info(folder));
  if (!folder_info) return models;
  ASSIGN_OR_RETURN(const auto listed, file_system.list(folder));
  std::vector<std::string> names;
  for (const std::string& name : listed) {
    if (files::is_temporary_name(name) || name.starts_with('.')) continue;
    const auto has_end = [&name](std::string_view end) { return name.ends_with(end); };
    if (has_end(kManifestEnd)) {
      names.push_back(name.substr(0, name.size() - kManifestEnd.size()));
    } else if (std::ranges::any_of(kExtensions, has_end)) {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  for (const std::string& name : names) {
    StoredModel model{.path = folder / name, .manifest = std::nullopt, .manifest_error = {}};
    auto manifest = read_manifest(file_system, model.path);
    if (manifest) {
      model.manifest = std::move(*manifest);
    } else {
      model.manifest_error = manifest.error().message;
    }
    models.push_back(std::move(model));
  }
  return models;
}

Result<FoundModel> model_at(files::FileSystem& file_system, const std::filesystem::path& path,
                            ModelKind kind) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) {
    return missing(
        fmt::format("{}: no such file; name a {} that is there, or import one: assay "
                    "models import {} FILE",
                    path.native(), to_string(kind), to_string(kind)));
  }
  return found(file_system, path, kind);
}

Result<FoundModel> find_model(files::FileSystem& file_system, const std::filesystem::path& root,
                              ModelKind kind) {
  const std::filesystem::path folder = models_folder(root);
  for (const std::string_view name : usual_names(kind)) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder / name));
    if (info) return found(file_system, folder / name, kind);
  }
  ASSIGN_OR_RETURN(const auto models, list_models(file_system, root));
  std::vector<const StoredModel*> imported;
  for (const StoredModel& model : models) {
    if (model.manifest && model.manifest->kind == kind) imported.push_back(&model);
  }
  if (imported.size() == 1) return found(file_system, imported.front()->path, kind);
  if (imported.empty()) {
    return missing(
        fmt::format("there is no {} model in {}; import one: assay models import {} FILE",
                    to_string(kind), folder.native(), to_string(kind)));
  }
  std::vector<std::string> names;
  names.reserve(imported.size());
  for (const StoredModel* model : imported) names.push_back(model->path.filename().native());
  return invalid_input(fmt::format(
      "there are several {0} models in {1} ({2}); say which, such as "
      "--{0} {3}",
      to_string(kind), folder.native(), fmt::join(names, ", "), imported.front()->path.native()));
}

}  // namespace assay::models

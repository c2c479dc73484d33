#include "models/manifest.h"

#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

namespace assay::models {
namespace {

constexpr std::int64_t kManifestVersion = 1;

Result<ModelKind> parse_kind(std::string_view name) {
  for (const ModelKind kind : {ModelKind::kClip, ModelKind::kRanker, ModelKind::kCrop}) {
    if (name == to_string(kind)) return kind;
  }
  return corrupt(fmt::format("no kind of model is called '{}'", name));
}

}  // namespace

std::string_view to_string(ModelKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"clip", "ranker", "crop"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_string(EmbeddingForm form) {
  return form == EmbeddingForm::kRaw ? "raw" : "l2";
}

Result<EmbeddingForm> parse_embedding_form(std::string_view name) {
  if (name == "raw") return EmbeddingForm::kRaw;
  if (name == "l2") return EmbeddingForm::kL2;
  return invalid_input(
      fmt::format("no form of embedding is called '{}'; there are raw and l2", name));
}

std::string to_json(const ModelManifest& manifest) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("version").integer(kManifestVersion);
  writer.name("kind").text(to_string(manifest.kind));
  writer.name("file").text(manifest.file);
  writer.name("shape").text(manifest.shape);
  writer.name("size").unsigned_integer(manifest.size.count());
  writer.name("modified");
  if (manifest.modified) {
    writer.text(to_rfc3339(*manifest.modified));
  } else {
    writer.null();
  }
  writer.name("sha256").text(manifest.digest.to_hex());
  writer.name("embedding").text(to_string(manifest.choices.embedding));
  writer.name("activation").text(to_string(manifest.choices.activation));
  writer.name("divisor");
  if (manifest.kind == ModelKind::kCrop) {
    writer.number(manifest.choices.divisor);
  } else {
    writer.null();
  }
  writer.name("tokenizer");
  if (manifest.tokenizer.empty()) {
    writer.null();
  } else {
    writer.text(manifest.tokenizer);
  }
  writer.name("source").text(manifest.source);
  writer.name("imported").text(to_rfc3339(manifest.imported));
  writer.end_object();
  return writer.take() + "\n";
}

Result<ModelManifest> parse_manifest(std::string_view json) {
  ASSIGN_OR_RETURN(const json::Value root, json::parse(json));
  const auto text = [&](std::string_view name) -> Result<std::string> {
    auto value = root.require_text(name);
    if (!value) return corrupt(value.error().message);
    return value;
  };
  const json::Value* version = root.find("version");
  if (version == nullptr || version->integer() != kManifestVersion) {
    return corrupt(fmt::format("'version' must be {}", kManifestVersion));
  }
  ASSIGN_OR_RETURN(const std::string kind_name, text("kind"));
  ASSIGN_OR_RETURN(const ModelKind kind, parse_kind(kind_name));
  ASSIGN_OR_RETURN(const std::string hex, text("sha256"));
  const auto digest = Sha256::parse(hex);
  if (!digest) return corrupt("'sha256' is not a digest");
  ModelManifest manifest{.kind = kind,
                         .file = {},
                         .shape = {},
                         .size = {},
                         .digest = *digest,
                         .source = {},
                         .imported = {},
                         .choices = {},
                         .tokenizer = {},
                         .modified = std::nullopt};
  ASSIGN_OR_RETURN(manifest.file, text("file"));
  ASSIGN_OR_RETURN(manifest.shape, text("shape"));
  ASSIGN_OR_RETURN(manifest.source, text("source"));
  const json::Value* size = root.find("size");
  const std::int64_t num_bytes = size == nullptr ? -1 : size->integer().value_or(-1);
  if (num_bytes < 0) return corrupt("'size' must be a size");
  manifest.size = ByteCount(static_cast<std::uint64_t>(num_bytes));
  ASSIGN_OR_RETURN(const std::string embedding, text("embedding"));
  ASSIGN_OR_RETURN(manifest.choices.embedding, parse_embedding_form(embedding));
  ASSIGN_OR_RETURN(const std::string activation, text("activation"));
  ASSIGN_OR_RETURN(manifest.choices.activation, parse_activation(activation));
  ASSIGN_OR_RETURN(const std::string imported, text("imported"));
  ASSIGN_OR_RETURN(manifest.imported, parse_timestamp(imported));
  if (kind == ModelKind::kCrop) {
    const json::Value* divisor = root.find("divisor");
    const double value = divisor == nullptr ? 0 : divisor->number().value_or(0);
    if (!(value > 0)) return corrupt("'divisor' must be a number above 0");
    manifest.choices.divisor = value;
  }
  // Older manifests do not have it.
  const json::Value* tokenizer = root.find("tokenizer");
  if (tokenizer != nullptr && !tokenizer->is_null()) {
    ASSIGN_OR_RETURN(manifest.tokenizer, text("tokenizer"));
  }
  const json::Value* modified = root.find("modified");
  if (modified != nullptr && !modified->is_null()) {
    ASSIGN_OR_RETURN(const std::string time, text("modified"));
    ASSIGN_OR_RETURN(manifest.modified, parse_timestamp(time));
  }
  return manifest;
}

std::filesystem::path manifest_path(const std::filesystem::path& model) {
  return model.native() + ".manifest.json";
}

}  // namespace assay::models

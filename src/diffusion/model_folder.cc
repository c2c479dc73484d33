#include "diffusion/model_folder.h"

#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "tokenizer/clip_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::diffusion {
namespace {

constexpr ByteCount kMaxConfigSize{4U << 20};
constexpr std::int64_t kMaxLatentChannels = 64;
constexpr std::size_t kMaxBlocks = 8;
constexpr std::size_t kPieceSize = std::size_t{1} << 20U;

/// Errors: as describe_model().
Result<json::Value> read_json(files::FileSystem& file_system, const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxConfigSize));
  auto value = json::parse(text);
  if (!value) return std::move(value.error()).within(path.string());
  if (value->object() == nullptr) return corrupt(path.string() + ": expected a JSON object");
  return value;
}

Status read_index(files::FileSystem& file_system, ModelDescription& model) {
  const std::filesystem::path path = model.folder / "model_index.json";
  ASSIGN_OR_RETURN(const json::Value index, read_json(file_system, path));
  ASSIGN_OR_RETURN(const std::string whole,
                   with_context(index.require_text("_class_name"), path.string()));
  std::string_view name = whole;
  if (name.starts_with("OV")) name.remove_prefix(2);
  model.is_consistency = name.starts_with("LatentConsistencyModel");
  if (name.starts_with("StableDiffusionXL")) {
    model.family = ModelFamily::kStableDiffusionXl;
  } else if (!model.is_consistency && !name.starts_with("StableDiffusionPipeline") &&
             !name.starts_with("StableDiffusionImg2Img")) {
    return invalid_input(
        fmt::format("{}: {} is not made here; there are Stable Diffusion 1 and 2, LCM and SDXL",
                    path.string(), whole));
  }
  const json::Value* const zeros = index.find("force_zeros_for_empty_prompt");
  model.zeros_for_empty_prompt = zeros != nullptr && zeros->boolean().value_or(false);
  return {};
}

Status read_parts(files::FileSystem& file_system, ModelDescription& model) {
  const std::filesystem::path scheduler = model.folder / "scheduler" / "scheduler_config.json";
  ASSIGN_OR_RETURN(const std::string text,
                   files::read_file(file_system, scheduler, kMaxConfigSize));
  ASSIGN_OR_RETURN(model.scheduler, with_context(parse_scheduler_config(text), scheduler.string()));
  const std::filesystem::path decoder = model.folder / "vae_decoder" / "config.json";
  ASSIGN_OR_RETURN(const json::Value vae, read_json(file_system, decoder));
  ASSIGN_OR_RETURN(model.scaling_factor,
                   with_context(vae.require_number("scaling_factor"), decoder.string()));
  if (!(model.scaling_factor > 0) || model.scaling_factor > 1000) {
    return invalid_input(decoder.string() + ": expected a scaling_factor above 0");
  }
  ASSIGN_OR_RETURN(const std::int64_t channels,
                   with_context(vae.require_integer("latent_channels"), decoder.string()));
  const json::Value* const blocks = vae.find("block_out_channels");
  const std::size_t num_blocks =
      blocks == nullptr || blocks->list() == nullptr ? 0 : blocks->list()->size();
  if (channels < 1 || channels > kMaxLatentChannels || num_blocks == 0 || num_blocks > kMaxBlocks) {
    return invalid_input(decoder.string() +
                         ": expected latent_channels from 1 to 64, and 1 to 8 block_out_channels");
  }
  model.latent_channels = static_cast<std::uint32_t>(channels);
  model.latent_step = std::uint32_t{1} << (num_blocks - 1);
  return {};
}

Result<Sha256> digest_of_file(files::FileSystem& file_system, const std::filesystem::path& path,
                              const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kRead));
  crypto::Sha256Hasher hasher;
  std::vector<std::byte> piece(kPieceSize);
  std::uint64_t offset = 0;
  while (true) {
    if (stop.stop_requested()) return cancelled("stopped while a model was read");
    ASSIGN_OR_RETURN(const std::size_t count, file->read_at(offset, piece));
    if (count == 0) return hasher.finish();
    hasher.update(std::span<const std::byte>(piece).first(count));
    offset += count;
  }
}

}  // namespace

Result<ModelDescription> describe_model(files::FileSystem& file_system,
                                        const std::filesystem::path& folder) {
  ModelDescription model{.folder = folder};
  RETURN_IF_ERROR(read_index(file_system, model));
  RETURN_IF_ERROR(read_parts(file_system, model));
  return model;
}

Result<std::string> digest_of_model(files::FileSystem& file_system, const ModelDescription& model,
                                    const std::stop_token& stop) {
  std::vector<std::filesystem::path> files = {model.folder / "model_index.json",
                                              model.folder / "scheduler" / "scheduler_config.json",
                                              model.folder / "vae_decoder" / "config.json"};
  const bool is_xl = model.family == ModelFamily::kStableDiffusionXl;
  std::vector<std::string_view> parts = {"text_encoder", "unet", "vae_decoder", "vae_encoder"};
  if (is_xl) parts.emplace_back("text_encoder_2");
  for (const std::string_view part : parts) {
    std::filesystem::path graph = model.graph_of(part);
    files.push_back(graph);
    files.push_back(graph.replace_extension(".bin"));
  }
  std::vector<std::string_view> tokenizers = {"tokenizer"};
  if (is_xl) tokenizers.emplace_back("tokenizer_2");
  for (const std::string_view tokenizer : tokenizers) {
    ASSIGN_OR_RETURN(auto paths,
                     tokenizer::tokenizer_file_paths(file_system, model.folder / tokenizer));
    std::ranges::move(paths, std::back_inserter(files));
  }
  std::ranges::sort(files);
  crypto::Sha256Hasher hasher;
  for (const std::filesystem::path& file : files) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(file));
    // A model may do without the encoder of images.
    if (!info && file.parent_path().filename() == "vae_encoder") continue;
    ASSIGN_OR_RETURN(const Sha256 digest, digest_of_file(file_system, file, stop));
    hasher.update(fmt::format("{} {}\n", file.lexically_relative(model.folder).generic_string(),
                              digest.to_hex()));
  }
  return hasher.finish().to_hex();
}

}  // namespace assay::diffusion

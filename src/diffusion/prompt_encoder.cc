#include "diffusion/prompt_encoder_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace assay::diffusion {
namespace {

constexpr std::string_view kHidden = "hidden_states.";

std::optional<int> layer_of(std::string_view name) {
  if (!name.starts_with(kHidden)) return std::nullopt;
  name.remove_prefix(kHidden.size());
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// SDXL was trained on what goes into the last layer, the others on what the tower gives.
/// Errors: kInvalidInput.
Result<std::string> tokens_output_of(const models::IrModel& tower, ModelFamily family) {
  if (family == ModelFamily::kStableDiffusion) {
    if (models::find_port(tower.outputs(), "last_hidden_state") != nullptr) {
      return std::string("last_hidden_state");
    }
    return invalid_input("expected an output last_hidden_state");
  }
  std::vector<std::pair<int, std::string>> layers;
  for (const models::IrPort& port : tower.outputs()) {
    if (const auto layer = layer_of(port.name)) layers.emplace_back(*layer, port.name);
  }
  std::ranges::sort(layers);
  if (layers.size() < 2) {
    return invalid_input("expected outputs hidden_states.0 and more: export it again with them");
  }
  return layers[layers.size() - 2].second;
}

}  // namespace

Result<PromptEncoder::Tower> PromptEncoder::load_tower(files::FileSystem& file_system,
                                                       const ModelDescription& model,
                                                       const PipelineOptions& options,
                                                       std::string_view number) {
  const std::filesystem::path graph = model.graph_of(fmt::format("text_encoder{}", number));
  ASSIGN_OR_RETURN(auto words, tokenizer::open_clip_tokenizer(
                                   file_system, model.folder / fmt::format("tokenizer{}", number)));
  ASSIGN_OR_RETURN(const auto read, models::open_ir_model(graph));
  if (read->inputs().empty()) return invalid_input(graph.string() + ": it has no input");
  Tower tower{.tokenizer = std::move(words), .input = read->inputs().front().name};
  ASSIGN_OR_RETURN(tower.tokens_output,
                   with_context(tokens_output_of(*read, model.family), graph.string()));
  if (!number.empty()) {
    tower.pooled_output = "text_embeds";
    if (models::find_port(read->outputs(), tower.pooled_output) == nullptr) {
      return invalid_input(graph.string() + ": expected an output text_embeds");
    }
  }
  ASSIGN_OR_RETURN(
      tower.request,
      read->compile({.device = options.device,
                     .precision = options.precision,
                     .shapes = {{tower.input, {1, tower.tokenizer.context_length()}}}}));
  return tower;
}

Result<PromptEncoder> PromptEncoder::load(files::FileSystem& file_system,
                                          const ModelDescription& model,
                                          const PipelineOptions& options) {
  std::vector<Tower> towers;
  ASSIGN_OR_RETURN(Tower first, load_tower(file_system, model, options, ""));
  towers.push_back(std::move(first));
  if (model.family == ModelFamily::kStableDiffusionXl) {
    ASSIGN_OR_RETURN(Tower second, load_tower(file_system, model, options, "_2"));
    if (second.tokenizer.context_length() != towers.front().tokenizer.context_length()) {
      return invalid_input(model.folder.string() + ": its tokenizers give texts of two lengths");
    }
    towers.push_back(std::move(second));
  }
  return PromptEncoder(std::move(towers));
}

Result<PromptVectors> PromptEncoder::encode(std::string_view text) {
  PromptVectors all;
  for (Tower& tower : towers_) {
    const tokenizer::EncodedText encoded = tower.tokenizer.encode(text);
    const std::vector<std::int64_t> ids(encoded.ids.begin(), encoded.ids.end());
    RETURN_IF_ERROR(tower.request->set_integers(tower.input, ids));
    RETURN_IF_ERROR(tower.request->run());
    if (!tower.pooled_output.empty()) {
      ASSIGN_OR_RETURN(const auto pooled, tower.request->output(tower.pooled_output));
      all.pooled.assign(pooled.begin(), pooled.end());
    }
    ASSIGN_OR_RETURN(const auto tokens, tower.request->output(tower.tokens_output));
    const std::size_t width = tokens.size() / ids.size();
    if (width == 0 || width * ids.size() != tokens.size()) {
      return invalid_input("a text encoder gives something else than a vector for each token");
    }
    // Vectors of both towers side by side.
    std::vector<float> joined;
    joined.reserve(all.tokens.size() + tokens.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto before = std::span<const float>(all.tokens).subspan(i * all.width, all.width);
      joined.insert(joined.end(), before.begin(), before.end());
      const auto here = tokens.subspan(i * width, width);
      joined.insert(joined.end(), here.begin(), here.end());
    }
    all.tokens = std::move(joined);
    all.width += width;
  }
  return all;
}

}  // namespace assay::diffusion

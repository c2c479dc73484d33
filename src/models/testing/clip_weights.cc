#include "models/testing/clip_weights.h"

#include "models/testing/numpy_random.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models::testing {
namespace {

/// Draws the tensors in the order that the reference was drawn in.
class Drawing {
 public:
  Drawing(const ClipWeights& sizes, std::uint32_t seed) : sizes_(sizes), random_(seed) {}

  std::map<std::string, TestTensor> draw();
  /// With the width and layers of `sizes`, and nothing else of them.
  std::map<std::string, TestTensor> draw_text(const ClipTextWeights& text);

 private:
  void add(const std::string& name, std::vector<std::size_t> shape, double deviation);
  void add_norm(const std::string& name);
  void add_block(const std::string& block);

  ClipWeights sizes_;
  NumpyRandom random_;
  std::map<std::string, TestTensor> tensors_;
};

void Drawing::add(const std::string& name, std::vector<std::size_t> shape, double deviation) {
  std::size_t count = 1;
  for (const std::size_t size : shape) count *= size;
  TestTensor& drawn = tensors_[name];
  drawn.shape = std::move(shape);
  drawn.values.resize(count);
  for (float& value : drawn.values) value = static_cast<float>(random_.normal() * deviation);
}

void Drawing::add_norm(const std::string& name) {
  constexpr std::size_t kNumLarge = 6;
  std::vector<double> gain(sizes_.width);
  for (double& value : gain) value = 1 + (0.25 * random_.normal());
  for (const std::size_t channel : random_.choose(sizes_.width, kNumLarge)) gain[channel] *= 8;
  tensors_[name + ".weight"] = {{sizes_.width}, {gain.begin(), gain.end()}};
  add(name + ".bias", {sizes_.width}, 0.1);
}

void Drawing::add_block(const std::string& block) {
  const std::size_t width = sizes_.width;
  const double scale = std::pow(static_cast<double>(width), -0.5);
  const double added = 2 * scale * std::pow(2.0 * static_cast<double>(sizes_.num_layers), -0.5);
  add_norm(block + "ln_1");
  add_norm(block + "ln_2");
  add(block + "attn.in_proj_weight", {3 * width, width}, scale);
  add(block + "attn.in_proj_bias", {3 * width}, 0.05);
  add(block + "attn.out_proj.weight", {width, width}, added);
  add(block + "attn.out_proj.bias", {width}, 0.05);
  add(block + "mlp.c_fc.weight", {4 * width, width},
      std::pow(2.0 * static_cast<double>(width), -0.5));
  add(block + "mlp.c_fc.bias", {4 * width}, 0.05);
  add(block + "mlp.c_proj.weight", {width, 4 * width}, added);
  add(block + "mlp.c_proj.bias", {width}, 0.05);
}

std::map<std::string, TestTensor> Drawing::draw() {
  const std::size_t width = sizes_.width;
  const std::size_t side = sizes_.patch_side;
  const double scale = std::pow(static_cast<double>(width), -0.5);
  add("visual.conv1.weight", {width, 3, side, side},
      std::pow(static_cast<double>(3 * side * side), -0.5));
  add("visual.class_embedding", {width}, 4 * scale);
  add("visual.positional_embedding", {(sizes_.grid_side * sizes_.grid_side) + 1, width}, 4 * scale);
  add("visual.proj", {width, sizes_.output_width}, scale);
  add_norm("visual.ln_pre");
  add_norm("visual.ln_post");
  for (std::size_t layer = 0; layer < sizes_.num_layers; ++layer) {
    add_block(fmt::format("visual.transformer.resblocks.{}.", layer));
  }
  return std::move(tensors_);
}

std::map<std::string, TestTensor> Drawing::draw_text(const ClipTextWeights& text) {
  const double scale = std::pow(static_cast<double>(text.width), -0.5);
  add("token_embedding.weight", {text.vocabulary_size, text.width}, 1);
  add("positional_embedding", {text.context_length, text.width}, 0.5);
  add("text_projection", {text.width, text.output_width}, scale);
  add_norm("ln_final");
  for (std::size_t layer = 0; layer < text.num_layers; ++layer) {
    add_block(fmt::format("transformer.resblocks.{}.", layer));
  }
  tensors_["logit_scale"] = {{}, {4.0F}};
  return std::move(tensors_);
}

const std::map<std::string, std::string, std::less<>> kOuterNames = {
    {"visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
    {"visual.class_embedding", "vision_model.embeddings.class_embedding"},
    {"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
    {"visual.ln_pre.weight", "vision_model.pre_layrnorm.weight"},
    {"visual.ln_pre.bias", "vision_model.pre_layrnorm.bias"},
    {"visual.ln_post.weight", "vision_model.post_layernorm.weight"},
    {"visual.ln_post.bias", "vision_model.post_layernorm.bias"},
    {"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"ln_final.weight", "text_model.final_layer_norm.weight"},
    {"ln_final.bias", "text_model.final_layer_norm.bias"},
    {"logit_scale", "logit_scale"}};

/// The stems of the names of blocks, there and here.
const std::map<std::string, std::string, std::less<>> kBlockStems = {
    {"visual.transformer.resblocks.", "vision_model.encoder.layers."},
    {"transformer.resblocks.", "text_model.encoder.layers."}};

const std::map<std::string, std::string, std::less<>> kProjections = {
    {"visual.proj", "visual_projection.weight"}, {"text_projection", "text_projection.weight"}};

TestTensor turned(const TestTensor& tensor) {
  const std::size_t num_rows = tensor.shape.at(0);
  const std::size_t num_columns = tensor.shape.at(1);
  TestTensor result{{num_columns, num_rows}, {}};
  for (std::size_t column = 0; column < num_columns; ++column) {
    for (std::size_t row = 0; row < num_rows; ++row) {
      result.values.push_back(tensor.values[(row * num_columns) + column]);
    }
  }
  return result;
}

const std::map<std::string, std::string, std::less<>> kBlockNames = {
    {"ln_1", "layer_norm1"},
    {"ln_2", "layer_norm2"},
    {"attn.out_proj", "self_attn.out_proj"},
    {"mlp.c_fc", "mlp.fc1"},
    {"mlp.c_proj", "mlp.fc2"}};

/// One tensor of a block; in_proj becomes three.
void add_block_tensor(const std::string& prefix, const std::string& name, TestTensor tensor,
                      std::map<std::string, TestTensor>& into) {
  if (name.starts_with("attn.in_proj_")) {
    const std::string end = name.ends_with("weight") ? ".weight" : ".bias";
    tensor.shape[0] /= 3;
    const auto third = static_cast<std::ptrdiff_t>(tensor.values.size() / 3);
    for (std::ptrdiff_t part = 0; part < 3; ++part) {
      const auto start = tensor.values.begin() + (part * third);
      into[prefix + "self_attn." + "qkv"[part] + "_proj" + end] = {tensor.shape,
                                                                   {start, start + third}};
    }
    return;
  }
  const std::size_t dot = name.rfind('.');
  into[prefix + kBlockNames.at(name.substr(0, dot)) + name.substr(dot)] = std::move(tensor);
}

}  // namespace

std::string make_safetensors(const std::map<std::string, TestTensor>& tensors) {
  std::string header = "{";
  std::size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t end = offset + (tensor.values.size() * sizeof(float));
    header +=
        fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                    header.size() == 1 ? "" : ",", name, fmt::join(tensor.shape, ","), offset, end);
    offset = end;
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  file.reserve(file.size() + header.size() + offset);
  file += header;
  for (const auto& [name, tensor] : tensors) {
    const auto bytes = std::as_bytes(std::span(tensor.values));
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return file;
}

std::map<std::string, TestTensor> make_clip_tensors(const ClipWeights& sizes, std::uint32_t seed) {
  return Drawing(sizes, seed).draw();
}

std::string make_clip_weights(const ClipWeights& sizes, std::uint32_t seed) {
  return make_safetensors(make_clip_tensors(sizes, seed));
}

std::map<std::string, TestTensor> make_text_tensors(const ClipTextWeights& sizes,
                                                    std::uint32_t seed) {
  return Drawing({.width = sizes.width, .num_layers = sizes.num_layers}, seed).draw_text(sizes);
}

std::map<std::string, TestTensor> rename_for_hugging_face(
    std::map<std::string, TestTensor> tensors) {
  std::map<std::string, TestTensor> renamed;
  for (auto& [name, tensor] : tensors) {
    const auto stem = std::ranges::find_if(
        kBlockStems, [&name](const auto& entry) { return name.starts_with(entry.first); });
    if (stem != kBlockStems.end()) {
      const std::size_t start = stem->first.size();
      const std::size_t after = name.find('.', start) + 1;
      add_block_tensor(stem->second + name.substr(start, after - start), name.substr(after),
                       std::move(tensor), renamed);
    } else if (const auto projection = kProjections.find(name); projection != kProjections.end()) {
      renamed[projection->second] = turned(tensor);
    } else {
      renamed[kOuterNames.at(name)] = std::move(tensor);
    }
  }
  return renamed;
}

std::string make_hugging_face_weights(const ClipWeights& sizes, std::uint32_t seed) {
  return make_safetensors(rename_for_hugging_face(Drawing(sizes, seed).draw()));
}

}  // namespace assay::models::testing

#include "models/testing/clip_weights.h"

#include "models/testing/numpy_random.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models::testing {
namespace {

struct Drawn {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

/// Draws the tensors in the order that the reference was drawn in.
class Drawing {
 public:
  Drawing(const ClipWeights& sizes, std::uint32_t seed) : sizes_(sizes), random_(seed) {}

  std::map<std::string, Drawn> draw();

 private:
  void add(const std::string& name, std::vector<std::size_t> shape, double deviation);
  void add_norm(const std::string& name);
  void add_block(std::size_t layer);

  ClipWeights sizes_;
  NumpyRandom random_;
  std::map<std::string, Drawn> tensors_;
};

void Drawing::add(const std::string& name, std::vector<std::size_t> shape, double deviation) {
  std::size_t count = 1;
  for (const std::size_t size : shape) count *= size;
  Drawn& drawn = tensors_[name];
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

void Drawing::add_block(std::size_t layer) {
  const std::string block = fmt::format("visual.transformer.resblocks.{}.", layer);
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

std::map<std::string, Drawn> Drawing::draw() {
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
  for (std::size_t layer = 0; layer < sizes_.num_layers; ++layer) add_block(layer);
  return std::move(tensors_);
}

}  // namespace

std::string make_clip_weights(const ClipWeights& sizes, std::uint32_t seed) {
  const auto tensors = Drawing(sizes, seed).draw();
  std::string header = "{";
  std::size_t offset = 0;
  for (const auto& [name, drawn] : tensors) {  // by name, as the format's writers sort
    const std::size_t end = offset + (drawn.values.size() * sizeof(float));
    header += fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                          offset == 0 ? "" : ",", name, fmt::join(drawn.shape, ","), offset, end);
    offset = end;
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  file.reserve(file.size() + header.size() + offset);
  file += header;
  for (const auto& [name, drawn] : tensors) {
    const auto bytes = std::as_bytes(std::span(drawn.values));
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return file;
}

}  // namespace assay::models::testing

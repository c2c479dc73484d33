#include "models/mlp_head.h"

#include "core/check.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace assay::models {
namespace {

constexpr std::array<std::string_view, 3> kPrefixes = {"net.", "model.", ""};
constexpr std::string_view kWeight = ".weight";
/// Of the layers between input and output: far above any head that is known.
constexpr std::size_t kMaxWidth = 65'536;

/// `PREFIX.I` of each `PREFIX.I.weight`, in the order of I.
std::map<std::int64_t, std::string> find_layers(const Checkpoint& checkpoint,
                                                std::string_view prefix) {
  std::map<std::int64_t, std::string> layers;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (!name.starts_with(prefix) || !name.ends_with(kWeight)) continue;
    const std::string_view layer = std::string_view(name).substr(0, name.size() - kWeight.size());
    if (layer.size() < prefix.size()) continue;
    const auto number = parse_integer(layer.substr(prefix.size()));
    if (number && *number >= 0) layers.emplace(*number, layer);
  }
  return layers;
}

Error misfit(const Checkpoint& checkpoint, HeadKind kind, const std::string& tensor,
             const Shape& shape, std::string_view expected) {
  return invalid_input(fmt::format("{}: tensor '{}' has shape {}; expected {} in a {} ({} -> {})",
                                   checkpoint.name(), tensor, to_string(shape), expected,
                                   to_string(kind), input_width(kind), output_width(kind)));
}

/// Every further tensor would mean another kind of network, whose scores would be wrong.
Status check_nothing_else(const Checkpoint& checkpoint,
                          const std::map<std::int64_t, std::string>& layers) {
  for (const auto& [name, info] : checkpoint.tensors()) {
    const bool is_known = std::ranges::any_of(layers, [&name = name](const auto& layer) {
      return name == layer.second + ".weight" || name == layer.second + ".bias";
    });
    if (!is_known) {
      return invalid_input(fmt::format("{}: tensor '{}' belongs to no layer of a plain network",
                                       checkpoint.name(), name));
    }
  }
  return {};
}

std::vector<float> transposed(const std::vector<float>& stored, std::size_t out, std::size_t in) {
  std::vector<float> result(stored.size());
  for (std::size_t row = 0; row < out; ++row) {
    for (std::size_t column = 0; column < in; ++column) {
      result[(column * out) + row] = stored[(row * in) + column];
    }
  }
  return result;
}

}  // namespace

std::string_view to_string(HeadKind kind) { return kind == HeadKind::kRanker ? "ranker" : "crop"; }
std::size_t input_width(HeadKind kind) { return kind == HeadKind::kRanker ? 512 : 514; }
std::size_t output_width(HeadKind kind) { return kind == HeadKind::kRanker ? 1 : 4; }

MlpHead::MlpHead(HeadKind kind, std::vector<Layer> layers)
    : kind_(kind), layers_(std::move(layers)) {}

Result<MlpHead> MlpHead::load(const Checkpoint& checkpoint, HeadKind kind) {
  std::map<std::int64_t, std::string> names;
  for (const std::string_view prefix : kPrefixes) {
    names = find_layers(checkpoint, prefix);
    if (!names.empty()) break;
  }
  if (names.empty()) {
    return invalid_input(
        fmt::format("{}: no layers: a tensor 'net.0.weight', 'model.0.weight' or '0.weight' was "
                    "expected, and the first there is is '{}'",
                    checkpoint.name(),
                    checkpoint.tensors().empty() ? "" : checkpoint.tensors().begin()->first));
  }
  RETURN_IF_ERROR(check_nothing_else(checkpoint, names));
  std::vector<Layer> layers;
  std::size_t in = input_width(kind);
  for (const auto& [number, name] : names) {
    const std::string weight_name = name + std::string(kWeight);
    const TensorInfo& weight = *checkpoint.find(weight_name);
    const bool is_last = number == names.rbegin()->first;
    if (weight.shape.size() != 2 || weight.shape[1] != in || weight.shape[0] == 0 ||
        weight.shape[0] > kMaxWidth || (is_last && weight.shape[0] != output_width(kind))) {
      return misfit(
          checkpoint, kind, weight_name, weight.shape,
          is_last ? fmt::format("[{}, {}]", output_width(kind), in) : fmt::format("[any, {}]", in));
    }
    const std::size_t out = weight.shape[0];
    ASSIGN_OR_RETURN(const TensorInfo* bias, checkpoint.require(name + ".bias", {out}));
    Layer layer{.in = in, .out = out, .weight = {}, .bias = {}};
    ASSIGN_OR_RETURN(const auto stored, checkpoint.values(weight));
    layer.weight = transposed(stored, out, in);
    ASSIGN_OR_RETURN(layer.bias, checkpoint.values(*bias));
    layers.push_back(std::move(layer));
    in = out;
  }
  return MlpHead(kind, std::move(layers));
}

std::vector<std::size_t> MlpHead::widths() const {
  std::vector<std::size_t> widths = {layers_.front().in};
  for (const Layer& layer : layers_) widths.push_back(layer.out);
  return widths;
}

void MlpHead::apply(std::span<const float> input, std::span<float> output) const {
  CHECK(input.size() == layers_.front().in && output.size() == layers_.back().out,
        "a head was given a vector of another width");
  std::vector<float> values(input.begin(), input.end());
  for (const Layer& layer : layers_) {
    // Each input is added to all outputs at once, so that the additions of one output keep their
    // order and still go side by side with those of its neighbours.
    std::vector<float> sums = layer.bias;
    for (std::size_t i = 0; i < layer.in; ++i) {
      const float value = values[i];
      const float* weights = layer.weight.data() + (i * layer.out);
      for (std::size_t k = 0; k < layer.out; ++k) sums[k] += value * weights[k];
    }
    if (&layer != &layers_.back()) {
      for (float& sum : sums) sum = std::max(sum, 0.0F);
    }
    values = std::move(sums);
  }
  if (kind_ == HeadKind::kCrop) {
    for (float& value : values) value = 1 / (1 + std::exp(-value));
  }
  std::ranges::copy(values, output.begin());
}

}  // namespace assay::models

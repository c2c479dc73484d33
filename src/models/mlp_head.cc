#include "models/mlp_head.h"

#include "core/check.h"
#include "core/parse_number.h"
#include "models/mlp_kernel_internal.h"

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

std::size_t padded(std::size_t width) {
  return (width + kPanelWidth - 1) / kPanelWidth * kPanelWidth;
}

// From [out, in] to panels of kPanelWidth outputs, [out / kPanelWidth, in, kPanelWidth]; outputs
// that there are not have weights of 0.
std::vector<float> in_panels(const std::vector<float>& stored, std::size_t out, std::size_t in) {
  std::vector<float> result(padded(out) * in);
  for (std::size_t row = 0; row < out; ++row) {
    float* const panel = result.data() + (row / kPanelWidth * kPanelWidth * in);
    for (std::size_t column = 0; column < in; ++column) {
      panel[(column * kPanelWidth) + (row % kPanelWidth)] = stored[(row * in) + column];
    }
  }
  return result;
}

// A panel with all its inputs stays in the nearest cache.
void multiply(const float* in, std::size_t in_stride, std::size_t num_rows, const float* panels,
              const std::vector<float>& bias, std::size_t length, std::vector<float>& out) {
  const std::size_t out_stride = bias.size();
  const MultiplyPanel multiply_panel = fastest_multiply_panel();
  for (std::size_t first = 0; first < out_stride; first += kPanelWidth) {
    for (std::size_t row = 0; row < num_rows; row += kRowsAtATime) {
      multiply_panel({.in = in + (row * in_stride),
                      .in_stride = in_stride,
                      .length = length,
                      .panel = panels + (first * length),
                      .bias = bias.data() + first,
                      .out = out.data() + (row * out_stride) + first,
                      .out_stride = out_stride});
    }
  }
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
    Layer layer{.in = in, .out = out, .panels = {}, .bias = {}};
    ASSIGN_OR_RETURN(const auto stored, checkpoint.values(weight));
    layer.panels = in_panels(stored, out, in);
    ASSIGN_OR_RETURN(layer.bias, checkpoint.values(*bias));
    layer.bias.resize(padded(out));
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

void MlpHead::apply(std::span<const float> inputs, std::span<float> outputs) const {
  const std::size_t in = layers_.front().in;
  const std::size_t out = layers_.back().out;
  const std::size_t num_inputs = inputs.size() / in;
  CHECK(inputs.size() == num_inputs * in && outputs.size() == num_inputs * out,
        "a head was given vectors of another width");
  // Rows beyond the inputs are zeros, whose outputs nobody reads.
  const std::size_t num_rows = (num_inputs + kRowsAtATime - 1) / kRowsAtATime * kRowsAtATime;
  std::vector<float> values(num_rows * in);
  std::ranges::copy(inputs, values.begin());
  std::size_t stride = in;
  for (const Layer& layer : layers_) {
    std::vector<float> sums(num_rows * layer.bias.size());
    multiply(values.data(), stride, num_rows, layer.panels.data(), layer.bias, layer.in, sums);
    if (&layer != &layers_.back()) {
      for (float& sum : sums) sum = std::max(sum, 0.0F);
    }
    values = std::move(sums);
    stride = layer.bias.size();
  }
  for (std::size_t row = 0; row < num_inputs; ++row) {
    for (std::size_t k = 0; k < out; ++k) {
      const float value = values[(row * stride) + k];
      outputs[(row * out) + k] = kind_ == HeadKind::kCrop ? 1 / (1 + std::exp(-value)) : value;
    }
  }
}

}  // namespace assay::models

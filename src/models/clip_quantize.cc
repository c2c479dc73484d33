#include "models/clip_quantize_internal.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <openvino/opsets/opset13.hpp>

// In a trained tower a few channels are a hundred times larger than the others: one scale for all
// would leave these no bits. So each channel is divided by a scale of its own before it is rounded,
// and the weights that meet it are multiplied by the same (SmoothQuant, Xiao and others 2023). The
// scale takes half of the channel's size, by the exponent: the weights have to bear the other half.
//
// The division costs nothing: it is part of the rounding, which the engine does anyway.

namespace assay::models {
namespace {

namespace op = ov::opset13;
using ov::element::f32;

constexpr float kSmoothing = 0.5F;
constexpr float kLargestByte = 127;
/// The bytes of numbers are -128 to 127.
constexpr std::size_t kLevels = 256;
/// Of the largest: a channel that was all zeros on the samples need not stay so.
constexpr float kLeastShare = 1e-4F;

/// At least the least share of the largest of all, and never 0.
std::vector<float> with_floor(std::span<const float> values) {
  const float largest = std::ranges::max(values);
  const float floor = largest > 0 ? largest * kLeastShare : 1;
  std::vector<float> raised(values.begin(), values.end());
  for (float& value : raised) value = std::max(value, floor);
  return raised;
}

ov::Output<ov::Node> number(float value) { return op::Constant::create(f32, {}, {value}); }

}  // namespace

ByteScales choose_byte_scales(std::span<const float> largest_inputs,
                              std::span<const float> largest_weights) {
  const std::vector<float> inputs = with_floor(largest_inputs);
  const std::vector<float> weights = with_floor(largest_weights);
  ByteScales scales{.channels = std::vector<float>(inputs.size())};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    scales.channels[i] = std::pow(inputs[i], kSmoothing) / std::pow(weights[i], 1 - kSmoothing);
    scales.limit = std::max(scales.limit, inputs[i] / scales.channels[i]);
  }
  return scales;
}

void add_largest_weights(const ov::Tensor& weights, std::span<float> largest) {
  const std::span<const float> values(weights.data<const float>(), weights.get_size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    float& column = largest[i % largest.size()];
    column = std::max(column, std::abs(values[i]));
  }
}

ov::Output<ov::Node> round_to_bytes(const ov::Output<ov::Node>& value, const ByteScales& scales) {
  const float lowest = -scales.limit * (kLargestByte + 1) / kLargestByte;
  ov::Tensor from(f32, {1, 1, scales.channels.size()});
  ov::Tensor to(f32, {1, 1, scales.channels.size()});
  for (std::size_t i = 0; i < scales.channels.size(); ++i) {
    from.data<float>()[i] = scales.channels[i] * lowest;
    to.data<float>()[i] = scales.channels[i] * scales.limit;
  }
  return std::make_shared<op::FakeQuantize>(value, std::make_shared<op::Constant>(from),
                                            std::make_shared<op::Constant>(to), number(lowest),
                                            number(scales.limit), kLevels)
      ->output(0);
}

ov::Output<ov::Node> byte_weights(const ov::Tensor& weights, const ByteScales& scales) {
  const std::size_t num_rows = weights.get_shape()[0];
  const std::size_t width = scales.channels.size();
  ov::Tensor bytes(ov::element::i8, {num_rows, width});
  ov::Tensor row_scales(f32, {num_rows, 1});
  std::vector<float> row(width);
  for (std::size_t i = 0; i < num_rows; ++i) {
    const std::span<const float> from(weights.data<const float>() + (i * width), width);
    std::ranges::transform(from, scales.channels, row.begin(), std::multiplies<>());
    float largest = 0;
    for (const float value : row) largest = std::max(largest, std::abs(value));
    const float scale = largest > 0 ? largest / kLargestByte : 1;
    row_scales.data<float>()[i] = scale;
    std::int8_t* const into = bytes.data<std::int8_t>() + (i * width);
    for (std::size_t column = 0; column < width; ++column) {
      const float rounded = std::nearbyint(row[column] / scale);
      into[column] = static_cast<std::int8_t>(std::clamp(rounded, -kLargestByte, kLargestByte));
    }
  }
  const auto numbers = std::make_shared<op::Convert>(std::make_shared<op::Constant>(bytes), f32);
  return std::make_shared<op::Multiply>(numbers, std::make_shared<op::Constant>(row_scales))
      ->output(0);
}

}  // namespace assay::models

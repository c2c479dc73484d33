/// \file
/// Matrices of bytes: how numbers and weights are scaled so that a product of bytes stands for
/// theirs.

#pragma once

#include <cstddef>
#include <openvino/core/node.hpp>
#include <openvino/runtime/tensor.hpp>
#include <span>
#include <vector>

namespace assay::models {

/// How the numbers that enter a matrix become bytes.
struct ByteScales {
  /// By channel: a number is divided by it, and the weights that meet it are multiplied.
  std::vector<float> channels;
  /// What the largest byte stands for, after the division.
  float limit = 0;
};

/// Choose the scales for numbers and weights whose largest absolute values, by channel, are these.
ByteScales choose_byte_scales(std::span<const float> largest_inputs,
                              std::span<const float> largest_weights);

/// Raise `largest` to the largest absolute weight of each column. Shape: `weights` [out, in].
void add_largest_weights(const ov::Tensor& weights, std::span<float> largest);

/// The numbers, divided and rounded to what bytes can say. Shape: [batch, tokens, channels].
ov::Output<ov::Node> round_to_bytes(const ov::Output<ov::Node>& value, const ByteScales& scales);

/// The weights, multiplied, as bytes with a scale for each row. Shape: [out, in].
ov::Output<ov::Node> byte_weights(const ov::Tensor& weights, const ByteScales& scales);

}  // namespace assay::models

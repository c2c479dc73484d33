/// \file
/// What both towers of CLIP are built of, as pieces of a graph of the engine.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_image.h"
#include "models/clip_tensors_internal.h"

#include <cstdint>
#include <openvino/core/node.hpp>
#include <openvino/runtime/tensor.hpp>
#include <span>
#include <vector>

namespace assay::models {

/// Of f32.
std::span<float> numbers_of(ov::Tensor& tensor);
ov::Output<ov::Node> constant_of(const ov::Tensor& tensor);
ov::Output<ov::Node> indices(const std::vector<std::int64_t>& values);

/// Which tokens a token sees.
enum class Attention : std::uint8_t {
  kAll,
  kBackward,  ///< Those before it and itself.
};

struct HeadSizes {
  std::uint64_t count = 0;
  std::uint64_t width = 0;
};

/// Shape:  values are [batch, tokens, width], unless said otherwise.
/// Errors: those of reading the checkpoint. Throws as the engine does.
class TowerParts {
 public:
  using Value = ov::Output<ov::Node>;

  /// Lifetime: `checkpoint` outlives it. Pre: it has the tensors that are asked for.
  TowerParts(const Checkpoint& checkpoint, Activation activation, const HeadSizes& heads)
      : checkpoint_(checkpoint), activation_(activation), heads_(heads) {}

  Result<ov::Tensor> read(const TensorRows& rows) const;
  Result<Value> constant(const TensorRows& rows) const;
  Result<Value> linear(const Value& value, const LinearRows& rows) const;
  Result<Value> norm(const Value& value, const NormRows& rows) const;
  Result<Value> attend(const Value& queries_from, const Value& all, const ClipBlockRows& rows,
                       Attention attention) const;
  Result<Value> perceptron(const Value& tokens, const ClipBlockRows& rows) const;

 private:
  /// [batch, tokens, width] as [batch, heads, tokens, 64].
  Result<Value> heads(const Value& tokens, const LinearRows& rows) const;

  const Checkpoint& checkpoint_;
  Activation activation_;
  HeadSizes heads_;
};

}  // namespace assay::models

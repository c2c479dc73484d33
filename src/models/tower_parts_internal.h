/// \file
/// What both towers of CLIP are built of, as pieces of a graph of the engine.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_image.h"
#include "models/clip_quantize_internal.h"
#include "models/clip_tensors_internal.h"
#include "models/engine_library_internal.h"

#include <cstdint>
#include <initializer_list>
#include <openvino/core/node.hpp>
#include <openvino/runtime/tensor.hpp>
#include <optional>
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

/// What the parts of a tower have in common.
struct TowerOptions {
  const Checkpoint& checkpoint;
  Activation activation = Activation::kGelu;
  HeadSizes heads;
  Precision precision = Precision::kFp32;  ///< With kInt8 bytes enter the blocks' matrices.
  TowerOutput output = TowerOutput::kVectors;
  std::span<const float> block_inputs = {};  ///< Of kInt8.
};

/// Shape:  values are [batch, tokens, width], unless said otherwise.
/// Errors: those of reading the checkpoint. Throws as the engine does.
class TowerParts {
 public:
  using Value = ov::Output<ov::Node>;

  /// What enters matrices of a block, as they need it.
  struct Entering {
    Value value;
    std::optional<ByteScales> bytes;  ///< Only where bytes enter.
  };

  /// Lifetime: the checkpoint outlives it. Pre: it has the tensors that are asked for.
  explicit TowerParts(const TowerOptions& options) : options_(options) {}

  Result<ov::Tensor> read(const TensorRows& rows) const;
  Result<Value> constant(const TensorRows& rows) const;
  Result<Value> norm(const Value& value, const NormRows& rows) const;

  /// Each value that enters matrices of a block passes here, in the order of the block inputs.
  Result<Entering> enter(const Value& value, std::initializer_list<const LinearRows*> matrices);
  Result<Value> attend(const Entering& queries_from, const Entering& all, const ClipBlockRows& rows,
                       Attention attention);
  Result<Value> perceptron(const Value& tokens, const ClipBlockRows& rows);

  /// The largest absolute values of what entered, an image a row; with kBlockInputs only.
  const ov::OutputVector& measured() const { return measured_; }

 private:
  Result<Value> linear(const Entering& entering, const LinearRows& rows) const;
  /// [batch, tokens, width] as [batch, heads, tokens, 64].
  Result<Value> heads(const Entering& tokens, const LinearRows& rows) const;

  TowerOptions options_;  // its block inputs: of those that did not enter yet
  ov::OutputVector measured_;
};

}  // namespace assay::models

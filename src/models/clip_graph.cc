#include "core/check.h"
#include "models/clip_graph_internal.h"
#include "models/clip_quantize_internal.h"
#include "models/clip_tensors_internal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <openvino/opsets/opset13.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// The tower as the checkpoints define it: patches through one matrix, a class token in front,
// positions added, a norm; then blocks of attention and perceptron, each behind a norm and added to
// what came in; the class token through a last norm and matrix.
//
// Three things differ from how it is usually written down, and none of them changes the result
// beyond rounding:
//   - Pixels stay bytes. (x / 255 - mean) / deviation is linear, so it goes into the patch matrix
//     and into what is added to the positions.
//   - Query, key and value are three products, not one that is cut afterwards: the engine then
//     needs no copies.
//   - In the last block only the class token is followed, since nothing else is read from it.
//
// For int8 the matrices of the blocks, which are nearly all of the work, become matrices of bytes
// (clip_quantize.cc). The patches stay: bytes there cost exactness and gain nothing.

namespace assay::models {
namespace {

namespace op = ov::opset13;
using ov::element::f32;

/// CLIP's own, of the pixels as shares of 255.
constexpr std::array<double, 3> kMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kDeviation = {0.26862954, 0.26130258, 0.27577711};
constexpr double kNormEpsilon = 1e-5;
constexpr float kQuickGeluSlope = 1.702F;

ov::Shape to_engine(const Shape& shape) { return {shape.begin(), shape.end()}; }

std::span<float> numbers_of(ov::Tensor& tensor) {
  return {tensor.data<float>(), tensor.get_size()};
}

ov::Output<ov::Node> constant_of(const ov::Tensor& tensor) {
  return std::make_shared<op::Constant>(tensor);  // shares the tensor's memory
}

ov::Output<ov::Node> indices(const std::vector<std::int64_t>& values) {
  return op::Constant::create(ov::element::i64, {values.size()}, values);
}

class GraphBuilder {
 public:
  explicit GraphBuilder(const TowerPlan& plan)
      : plan_(plan),
        checkpoint_(plan.checkpoint),
        shape_(plan.shape),
        batch_(plan.batch_size),
        block_inputs_(plan.block_inputs) {}

  Result<std::shared_ptr<ov::Model>> build();

 private:
  using Value = ov::Output<ov::Node>;

  /// What enters matrices of a block, as they need it.
  struct Entering {
    Value value;
    std::optional<ByteScales> bytes;  ///< Only where bytes enter.
  };

  Result<ov::Tensor> read(const TensorRows& rows) const;
  Result<Value> constant(const TensorRows& rows) const;
  /// The tokens as they enter the first norm.
  Result<Value> embed(const Value& patches, const ClipRows& rows) const;
  Result<Value> block(const Value& tokens, std::uint64_t layer);
  Result<Value> attention(const Entering& queries_from, const Entering& all,
                          const ClipBlockRows& rows);
  /// [batch, tokens, width] as [batch, heads, tokens, 64].
  Result<Value> heads(const Entering& tokens, const LinearRows& rows) const;
  Result<Value> perceptron(const Value& tokens, const ClipBlockRows& rows);
  /// Each value that enters matrices of a block passes here, in the order of the block inputs.
  Result<Entering> enter(const Value& value, std::initializer_list<const LinearRows*> matrices);
  Result<Value> linear(const Entering& entering, const LinearRows& rows) const;
  Result<Value> norm(const Value& value, const NormRows& rows) const;
  static Value class_token(const Value& tokens);

  const TowerPlan& plan_;
  const Checkpoint& checkpoint_;
  const ClipShape& shape_;
  std::size_t batch_;
  std::span<const float> block_inputs_;  // of those that did not enter yet
  ov::OutputVector measured_;            // of those that did
};

Result<ov::Tensor> GraphBuilder::read(const TensorRows& rows) const {
  ov::Tensor tensor(f32, to_engine(rows.shape));
  const TensorInfo* info = checkpoint_.find(rows.tensor);
  RETURN_IF_ERROR(checkpoint_.read(*info, rows.first_element, numbers_of(tensor)));
  return tensor;
}

Result<GraphBuilder::Value> GraphBuilder::constant(const TensorRows& rows) const {
  ASSIGN_OR_RETURN(const ov::Tensor tensor, read(rows));
  return constant_of(tensor);
}

Result<GraphBuilder::Entering> GraphBuilder::enter(
    const Value& value, std::initializer_list<const LinearRows*> matrices) {
  if (plan_.output == TowerOutput::kBlockInputs) {
    measured_.emplace_back(
        std::make_shared<op::ReduceMax>(std::make_shared<op::Abs>(value), indices({1})));
  }
  if (plan_.precision != Precision::kInt8) return Entering{.value = value, .bytes = std::nullopt};
  const std::size_t width = (*matrices.begin())->weight.shape[1];
  std::vector<float> largest_weights(width);
  for (const LinearRows* const rows : matrices) {
    ASSIGN_OR_RETURN(const ov::Tensor weight, read(rows->weight));
    add_largest_weights(weight, largest_weights);
  }
  CHECK(block_inputs_.size() >= width, "a number for each that enters");
  ByteScales scales = choose_byte_scales(block_inputs_.first(width), largest_weights);
  block_inputs_ = block_inputs_.subspan(width);
  Value rounded = round_to_bytes(value, scales);
  return Entering{.value = std::move(rounded), .bytes = std::move(scales)};
}

Result<GraphBuilder::Value> GraphBuilder::linear(const Entering& entering,
                                                 const LinearRows& rows) const {
  ASSIGN_OR_RETURN(const ov::Tensor stored, read(rows.weight));
  const Value weight = entering.bytes ? byte_weights(stored, *entering.bytes) : constant_of(stored);
  ASSIGN_OR_RETURN(const Value bias, constant(rows.bias));
  const auto product = std::make_shared<op::MatMul>(entering.value, weight, false, true);
  return std::make_shared<op::Add>(product, bias)->output(0);
}

Result<GraphBuilder::Value> GraphBuilder::norm(const Value& value, const NormRows& rows) const {
  ASSIGN_OR_RETURN(const Value gain, constant(rows.gain));
  ASSIGN_OR_RETURN(const Value bias, constant(rows.bias));
  const auto normal = std::make_shared<op::MVN>(value, indices({-1}), true, kNormEpsilon,
                                                ov::op::MVNEpsMode::INSIDE_SQRT);
  return std::make_shared<op::Add>(std::make_shared<op::Multiply>(normal, gain), bias)->output(0);
}

GraphBuilder::Value GraphBuilder::class_token(const Value& tokens) {
  return std::make_shared<op::Slice>(tokens, indices({0}), indices({1}), indices({1}), indices({1}))
      ->output(0);
}

Result<GraphBuilder::Value> GraphBuilder::embed(const Value& patches, const ClipRows& rows) const {
  const std::size_t width = shape_.width;
  const std::size_t pixels = shape_.patch_side * shape_.patch_side;
  ASSIGN_OR_RETURN(ov::Tensor stored, read(rows.patches));  // [width, 3, pixels]
  ASSIGN_OR_RETURN(ov::Tensor positions, read(rows.positions));
  ASSIGN_OR_RETURN(ov::Tensor token, read(rows.class_token));

  ov::Tensor weight(f32, {width, pixels * 3});
  std::vector<float> shift(width);
  for (std::size_t out = 0; out < width; ++out) {
    const auto from = numbers_of(stored).subspan(out * pixels * 3, pixels * 3);
    const auto to = numbers_of(weight).subspan(out * pixels * 3, pixels * 3);
    double sum = 0;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const double scale = 1 / (255 * kDeviation[channel]);
      double channel_sum = 0;
      for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
        const double value = from[(channel * pixels) + pixel];
        channel_sum += value;
        to[(pixel * 3) + channel] = static_cast<float>(value * scale);
      }
      sum += channel_sum * kMean[channel] / kDeviation[channel];
    }
    shift[out] = static_cast<float>(-sum);
  }

  ov::Tensor patch_positions(f32, {1, shape_.num_tokens() - 1, width});
  const auto added = numbers_of(patch_positions);
  for (std::size_t i = 0; i < added.size(); ++i) {
    added[i] = numbers_of(positions)[width + i] + shift[i % width];
  }
  ov::Tensor class_rows(f32, {batch_, 1, width});
  for (std::size_t i = 0; i < class_rows.get_size(); ++i) {
    numbers_of(class_rows)[i] = numbers_of(token)[i % width] + numbers_of(positions)[i % width];
  }

  const auto product = std::make_shared<op::MatMul>(std::make_shared<op::Convert>(patches, f32),
                                                    constant_of(weight), false, true);
  const auto placed = std::make_shared<op::Add>(product, constant_of(patch_positions));
  return std::make_shared<op::Concat>(ov::OutputVector{constant_of(class_rows), placed}, 1)
      ->output(0);
}

Result<GraphBuilder::Value> GraphBuilder::heads(const Entering& tokens,
                                                const LinearRows& rows) const {
  ASSIGN_OR_RETURN(const Value product, linear(tokens, rows));
  const auto num_heads = static_cast<std::int64_t>(shape_.num_heads);
  const auto head_width = static_cast<std::int64_t>(shape_.width / shape_.num_heads);
  const auto split =
      std::make_shared<op::Reshape>(product, indices({0, 0, num_heads, head_width}), true);
  return std::make_shared<op::Transpose>(split, indices({0, 2, 1, 3}))->output(0);
}

Result<GraphBuilder::Value> GraphBuilder::attention(const Entering& queries_from,
                                                    const Entering& all,
                                                    const ClipBlockRows& rows) {
  ASSIGN_OR_RETURN(const Value query, heads(queries_from, rows.query));
  ASSIGN_OR_RETURN(const Value key, heads(all, rows.key));
  ASSIGN_OR_RETURN(const Value value, heads(all, rows.value));
  const auto mixed = std::make_shared<op::ScaledDotProductAttention>(query, key, value, false);
  const auto tokens_first = std::make_shared<op::Transpose>(mixed, indices({0, 2, 1, 3}));
  const auto joined = std::make_shared<op::Reshape>(
      tokens_first, indices({0, 0, static_cast<std::int64_t>(shape_.width)}), true);
  ASSIGN_OR_RETURN(const Entering entering, enter(joined, {&rows.attention_out}));
  return linear(entering, rows.attention_out);
}

Result<GraphBuilder::Value> GraphBuilder::perceptron(const Value& tokens,
                                                     const ClipBlockRows& rows) {
  ASSIGN_OR_RETURN(const Entering entering, enter(tokens, {&rows.expand}));
  ASSIGN_OR_RETURN(const Value expanded, linear(entering, rows.expand));
  Value curved;
  if (plan_.activation == Activation::kGelu) {
    curved = std::make_shared<op::Gelu>(expanded, ov::op::GeluApproximationMode::ERF);
  } else {
    curved =
        std::make_shared<op::Swish>(expanded, op::Constant::create(f32, {}, {kQuickGeluSlope}));
  }
  ASSIGN_OR_RETURN(const Entering contracted, enter(curved, {&rows.contract}));
  return linear(contracted, rows.contract);
}

Result<GraphBuilder::Value> GraphBuilder::block(const Value& tokens, std::uint64_t layer) {
  const ClipBlockRows rows = clip_block_rows(shape_, layer);
  const bool is_last = layer + 1 == shape_.num_layers;
  ASSIGN_OR_RETURN(const Value normal, norm(tokens, rows.norm_1));
  const Value followed = is_last ? class_token(tokens) : tokens;
  ASSIGN_OR_RETURN(const Entering all, enter(normal, {&rows.query, &rows.key, &rows.value}));
  Entering queries_from = all;
  if (is_last) queries_from.value = class_token(all.value);
  ASSIGN_OR_RETURN(const Value attended, attention(queries_from, all, rows));
  const Value middle = std::make_shared<op::Add>(followed, attended);
  ASSIGN_OR_RETURN(const Value normal_middle, norm(middle, rows.norm_2));
  ASSIGN_OR_RETURN(const Value computed, perceptron(normal_middle, rows));
  return std::make_shared<op::Add>(middle, computed)->output(0);
}

Result<std::shared_ptr<ov::Model>> GraphBuilder::build() {
  const ClipRows rows = clip_rows(shape_);
  const auto patches = std::make_shared<op::Parameter>(
      ov::element::u8,
      ov::PartialShape(ov::Shape{batch_, shape_.num_tokens() - 1, shape_.patch_size()}));
  ASSIGN_OR_RETURN(Value tokens, embed(patches, rows));
  ASSIGN_OR_RETURN(tokens, norm(tokens, rows.norm_before));
  for (std::uint64_t layer = 0; layer < shape_.num_layers; ++layer) {
    ASSIGN_OR_RETURN(tokens, block(tokens, layer));
  }
  if (plan_.output == TowerOutput::kBlockInputs) {
    return std::make_shared<ov::Model>(ov::OutputVector{std::make_shared<op::Concat>(measured_, 1)},
                                       ov::ParameterVector{patches}, "clip_block_inputs");
  }
  // The last block gave the class token alone.
  const auto token = std::make_shared<op::Squeeze>(tokens, indices({1}));
  ASSIGN_OR_RETURN(const Value normal, norm(token, rows.norm_after));
  ASSIGN_OR_RETURN(const Value projection, constant(rows.projection));
  const auto vectors =
      std::make_shared<op::MatMul>(normal, projection, false, rows.projection_is_transposed);
  return std::make_shared<ov::Model>(ov::OutputVector{vectors}, ov::ParameterVector{patches},
                                     "clip_image");
}

}  // namespace

Result<std::shared_ptr<ov::Model>> build_clip_graph(const TowerPlan& plan) {
  return GraphBuilder(plan).build();
}

}  // namespace assay::models

#include "core/check.h"
#include "models/tower_parts_internal.h"

#include <openvino/opsets/opset13.hpp>
#include <utility>

namespace assay::models {
namespace {

namespace op = ov::opset13;
using ov::element::f32;

constexpr double kNormEpsilon = 1e-5;
constexpr float kQuickGeluSlope = 1.702F;

ov::Shape to_engine(const Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

std::span<float> numbers_of(ov::Tensor& tensor) {
  return {tensor.data<float>(), tensor.get_size()};
}

ov::Output<ov::Node> constant_of(const ov::Tensor& tensor) {
  return std::make_shared<op::Constant>(tensor);  // shares the tensor's memory
}

ov::Output<ov::Node> indices(const std::vector<std::int64_t>& values) {
  return op::Constant::create(ov::element::i64, {values.size()}, values);
}

Result<ov::Tensor> TowerParts::read(const TensorRows& rows) const {
  ov::Tensor tensor(f32, to_engine(rows.shape));
  const TensorInfo* info = options_.checkpoint.find(rows.tensor);
  RETURN_IF_ERROR(options_.checkpoint.read(*info, rows.first_element, numbers_of(tensor)));
  return tensor;
}

Result<TowerParts::Value> TowerParts::constant(const TensorRows& rows) const {
  ASSIGN_OR_RETURN(const ov::Tensor tensor, read(rows));
  return constant_of(tensor);
}

Result<TowerParts::Entering> TowerParts::enter(const Value& value,
                                               std::initializer_list<const LinearRows*> matrices) {
  if (options_.output == TowerOutput::kBlockInputs) {
    measured_.emplace_back(
        std::make_shared<op::ReduceMax>(std::make_shared<op::Abs>(value), indices({1})));
  }
  if (options_.precision != Precision::kInt8) return Entering{.value = value, .bytes = {}};
  const std::size_t width = (*matrices.begin())->weight.shape[1];
  std::vector<float> largest_weights(width);
  for (const LinearRows* const rows : matrices) {
    ASSIGN_OR_RETURN(const ov::Tensor weight, read(rows->weight));
    add_largest_weights(weight, largest_weights);
  }
  CHECK(options_.block_inputs.size() >= width, "a number for each that enters");
  ByteScales scales = choose_byte_scales(options_.block_inputs.first(width), largest_weights);
  options_.block_inputs = options_.block_inputs.subspan(width);
  Value rounded = round_to_bytes(value, scales);
  return Entering{.value = std::move(rounded), .bytes = std::move(scales)};
}

Result<TowerParts::Value> TowerParts::linear(const Entering& entering,
                                             const LinearRows& rows) const {
  ASSIGN_OR_RETURN(const ov::Tensor stored, read(rows.weight));
  const Value weight = entering.bytes ? byte_weights(stored, *entering.bytes) : constant_of(stored);
  ASSIGN_OR_RETURN(const Value bias, constant(rows.bias));
  const auto product = std::make_shared<op::MatMul>(entering.value, weight, false, true);
  return std::make_shared<op::Add>(product, bias)->output(0);
}

Result<TowerParts::Value> TowerParts::norm(const Value& value, const NormRows& rows) const {
  ASSIGN_OR_RETURN(const Value gain, constant(rows.gain));
  ASSIGN_OR_RETURN(const Value bias, constant(rows.bias));
  const auto normal = std::make_shared<op::MVN>(value, indices({-1}), true, kNormEpsilon,
                                                ov::op::MVNEpsMode::INSIDE_SQRT);
  return std::make_shared<op::Add>(std::make_shared<op::Multiply>(normal, gain), bias)->output(0);
}

Result<TowerParts::Value> TowerParts::heads(const Entering& tokens, const LinearRows& rows) const {
  ASSIGN_OR_RETURN(const Value product, linear(tokens, rows));
  const auto num_heads = static_cast<std::int64_t>(options_.heads.count);
  const auto head_width = static_cast<std::int64_t>(options_.heads.width);
  const auto split =
      std::make_shared<op::Reshape>(product, indices({0, 0, num_heads, head_width}), true);
  return std::make_shared<op::Transpose>(split, indices({0, 2, 1, 3}))->output(0);
}

Result<TowerParts::Value> TowerParts::attend(const Entering& queries_from, const Entering& all,
                                             const ClipBlockRows& rows, Attention attention) {
  ASSIGN_OR_RETURN(const Value query, heads(queries_from, rows.query));
  ASSIGN_OR_RETURN(const Value key, heads(all, rows.key));
  ASSIGN_OR_RETURN(const Value value, heads(all, rows.value));
  const auto mixed = std::make_shared<op::ScaledDotProductAttention>(
      query, key, value, attention == Attention::kBackward);
  const auto tokens_first = std::make_shared<op::Transpose>(mixed, indices({0, 2, 1, 3}));
  const auto joined = std::make_shared<op::Reshape>(
      tokens_first,
      indices({0, 0, static_cast<std::int64_t>(options_.heads.count * options_.heads.width)}),
      true);
  ASSIGN_OR_RETURN(const Entering entering, enter(joined, {&rows.attention_out}));
  return linear(entering, rows.attention_out);
}

Result<TowerParts::Value> TowerParts::perceptron(const Value& tokens, const ClipBlockRows& rows) {
  ASSIGN_OR_RETURN(const Entering entering, enter(tokens, {&rows.expand}));
  ASSIGN_OR_RETURN(const Value expanded, linear(entering, rows.expand));
  Value curved;
  if (options_.activation == Activation::kGelu) {
    curved = std::make_shared<op::Gelu>(expanded, ov::op::GeluApproximationMode::ERF);
  } else {
    curved =
        std::make_shared<op::Swish>(expanded, op::Constant::create(f32, {}, {kQuickGeluSlope}));
  }
  ASSIGN_OR_RETURN(const Entering contracted, enter(curved, {&rows.contract}));
  return linear(contracted, rows.contract);
}

}  // namespace assay::models

#include "models/tower_parts_internal.h"

#include <cmath>
#include <openvino/opsets/opset13.hpp>

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
  const TensorInfo* info = checkpoint_.find(rows.tensor);
  RETURN_IF_ERROR(checkpoint_.read(*info, rows.first_element, numbers_of(tensor)));
  return tensor;
}

Result<TowerParts::Value> TowerParts::constant(const TensorRows& rows) const {
  ASSIGN_OR_RETURN(const ov::Tensor tensor, read(rows));
  return constant_of(tensor);
}

Result<TowerParts::Value> TowerParts::linear(const Value& value, const LinearRows& rows) const {
  ASSIGN_OR_RETURN(const Value weight, constant(rows.weight));
  ASSIGN_OR_RETURN(const Value bias, constant(rows.bias));
  return std::make_shared<op::Add>(std::make_shared<op::MatMul>(value, weight, false, true), bias)
      ->output(0);
}

Result<TowerParts::Value> TowerParts::norm(const Value& value, const NormRows& rows) const {
  ASSIGN_OR_RETURN(const Value gain, constant(rows.gain));
  ASSIGN_OR_RETURN(const Value bias, constant(rows.bias));
  const auto normal = std::make_shared<op::MVN>(value, indices({-1}), true, kNormEpsilon,
                                                ov::op::MVNEpsMode::INSIDE_SQRT);
  return std::make_shared<op::Add>(std::make_shared<op::Multiply>(normal, gain), bias)->output(0);
}

Result<TowerParts::Value> TowerParts::heads(const Value& tokens, const LinearRows& rows) const {
  ASSIGN_OR_RETURN(const Value product, linear(tokens, rows));
  const auto num_heads = static_cast<std::int64_t>(heads_.count);
  const auto head_width = static_cast<std::int64_t>(heads_.width);
  const auto split =
      std::make_shared<op::Reshape>(product, indices({0, 0, num_heads, head_width}), true);
  return std::make_shared<op::Transpose>(split, indices({0, 2, 1, 3}))->output(0);
}

Result<TowerParts::Value> TowerParts::attend(const Value& queries_from, const Value& all,
                                             const ClipBlockRows& rows, Attention attention) const {
  ASSIGN_OR_RETURN(const Value query, heads(queries_from, rows.query));
  ASSIGN_OR_RETURN(const Value key, heads(all, rows.key));
  ASSIGN_OR_RETURN(const Value value, heads(all, rows.value));
  const auto mixed = std::make_shared<op::ScaledDotProductAttention>(
      query, key, value, attention == Attention::kBackward);
  const auto tokens_first = std::make_shared<op::Transpose>(mixed, indices({0, 2, 1, 3}));
  const auto joined = std::make_shared<op::Reshape>(
      tokens_first, indices({0, 0, static_cast<std::int64_t>(heads_.count * heads_.width)}), true);
  return linear(joined->output(0), rows.attention_out);
}

Result<TowerParts::Value> TowerParts::perceptron(const Value& tokens,
                                                 const ClipBlockRows& rows) const {
  ASSIGN_OR_RETURN(const Value expanded, linear(tokens, rows.expand));
  Value curved;
  if (activation_ == Activation::kGelu) {
    curved = std::make_shared<op::Gelu>(expanded, ov::op::GeluApproximationMode::ERF);
  } else {
    curved =
        std::make_shared<op::Swish>(expanded, op::Constant::create(f32, {}, {kQuickGeluSlope}));
  }
  return linear(curved, rows.contract);
}

}  // namespace assay::models

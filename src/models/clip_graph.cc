#include "models/clip_graph_internal.h"
#include "models/clip_tensors_internal.h"
#include "models/tower_parts_internal.h"

#include <array>
#include <cstdint>
#include <memory>
#include <openvino/opsets/opset13.hpp>
#include <span>
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

class GraphBuilder {
 public:
  explicit GraphBuilder(const TowerPlan& plan)
      : parts_({.checkpoint = plan.checkpoint,
                .activation = plan.activation,
                .heads = {.count = plan.shape.num_heads,
                          .width = plan.shape.width / plan.shape.num_heads},
                .precision = plan.precision,
                .output = plan.output,
                .block_inputs = plan.block_inputs}),
        shape_(plan.shape),
        batch_(plan.batch_size),
        output_(plan.output) {}

  Result<std::shared_ptr<ov::Model>> build();

 private:
  using Value = ov::Output<ov::Node>;

  /// The tokens as they enter the first norm.
  Result<Value> embed(const Value& patches, const ClipRows& rows) const;
  Result<Value> block(const Value& tokens, std::uint64_t layer);
  static Value class_token(const Value& tokens);

  TowerParts parts_;
  const ClipShape& shape_;
  std::size_t batch_;
  TowerOutput output_;
};

GraphBuilder::Value GraphBuilder::class_token(const Value& tokens) {
  return std::make_shared<op::Slice>(tokens, indices({0}), indices({1}), indices({1}), indices({1}))
      ->output(0);
}

Result<GraphBuilder::Value> GraphBuilder::embed(const Value& patches, const ClipRows& rows) const {
  const std::size_t width = shape_.width;
  const std::size_t pixels = shape_.patch_side * shape_.patch_side;
  ASSIGN_OR_RETURN(ov::Tensor stored, parts_.read(rows.patches));  // [width, 3, pixels]
  ASSIGN_OR_RETURN(ov::Tensor positions, parts_.read(rows.positions));
  ASSIGN_OR_RETURN(ov::Tensor token, parts_.read(rows.class_token));

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

Result<GraphBuilder::Value> GraphBuilder::block(const Value& tokens, std::uint64_t layer) {
  const ClipBlockRows rows = clip_block_rows(shape_, layer);
  const bool is_last = layer + 1 == shape_.num_layers;
  ASSIGN_OR_RETURN(const Value normal, parts_.norm(tokens, rows.norm_1));
  const Value followed = is_last ? class_token(tokens) : tokens;
  ASSIGN_OR_RETURN(const TowerParts::Entering all,
                   parts_.enter(normal, {&rows.query, &rows.key, &rows.value}));
  TowerParts::Entering queries_from = all;
  if (is_last) queries_from.value = class_token(all.value);
  ASSIGN_OR_RETURN(const Value attended, parts_.attend(queries_from, all, rows, Attention::kAll));
  const Value middle = std::make_shared<op::Add>(followed, attended);
  ASSIGN_OR_RETURN(const Value normal_middle, parts_.norm(middle, rows.norm_2));
  ASSIGN_OR_RETURN(const Value computed, parts_.perceptron(normal_middle, rows));
  return std::make_shared<op::Add>(middle, computed)->output(0);
}

Result<std::shared_ptr<ov::Model>> GraphBuilder::build() {
  const ClipRows rows = clip_rows(shape_);
  const auto patches = std::make_shared<op::Parameter>(
      ov::element::u8,
      ov::PartialShape(ov::Shape{batch_, shape_.num_tokens() - 1, shape_.patch_size()}));
  ASSIGN_OR_RETURN(Value tokens, embed(patches, rows));
  ASSIGN_OR_RETURN(tokens, parts_.norm(tokens, rows.norm_before));
  for (std::uint64_t layer = 0; layer < shape_.num_layers; ++layer) {
    ASSIGN_OR_RETURN(tokens, block(tokens, layer));
  }
  if (output_ == TowerOutput::kBlockInputs) {
    return std::make_shared<ov::Model>(
        ov::OutputVector{std::make_shared<op::Concat>(parts_.measured(), 1)},
        ov::ParameterVector{patches}, "clip_block_inputs");
  }
  // The last block gave the class token alone.
  const auto token = std::make_shared<op::Squeeze>(tokens, indices({1}));
  ASSIGN_OR_RETURN(const Value normal, parts_.norm(token, rows.norm_after));
  ASSIGN_OR_RETURN(const Value projection, parts_.constant(rows.projection));
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

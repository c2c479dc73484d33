#include "models/clip_graph_internal.h"
#include "models/clip_tensors_internal.h"
#include "models/tower_parts_internal.h"

#include <cstdint>
#include <openvino/opsets/opset13.hpp>
#include <utility>

// The tower as the checkpoints define it: the tokens' rows and their positions; blocks in which a
// token sees those before it alone; of the last block the token that ends the text, through a norm
// and a matrix. Since no token sees those behind it, what pads the text changes nothing.

namespace assay::models {

namespace op = ov::opset13;

Result<std::shared_ptr<ov::Model>> build_clip_text_graph(const Checkpoint& checkpoint,
                                                         const ClipTextShape& shape,
                                                         Activation activation) {
  using Value = TowerParts::Value;
  const ClipTextRows rows = clip_text_rows(shape);
  TowerParts parts({.checkpoint = checkpoint,
                    .activation = activation,
                    .heads = {.count = shape.num_heads, .width = shape.width / shape.num_heads}});
  const auto ids = std::make_shared<op::Parameter>(
      ov::element::i32, ov::PartialShape(ov::Shape{1, shape.context_length}));
  const auto end =
      std::make_shared<op::Parameter>(ov::element::i32, ov::PartialShape(ov::Shape{1}));

  ASSIGN_OR_RETURN(const Value vocabulary, parts.constant(rows.tokens));
  ASSIGN_OR_RETURN(const Value positions, parts.constant(rows.positions));
  const auto found = std::make_shared<op::Gather>(vocabulary, ids, indices({0}));
  Value tokens = std::make_shared<op::Add>(found, positions);
  for (std::uint64_t layer = 0; layer < shape.num_layers; ++layer) {
    const ClipBlockRows block = clip_text_block_rows(shape, layer);
    ASSIGN_OR_RETURN(const Value normal, parts.norm(tokens, block.norm_1));
    ASSIGN_OR_RETURN(const TowerParts::Entering all,
                     parts.enter(normal, {&block.query, &block.key, &block.value}));
    ASSIGN_OR_RETURN(const Value attended, parts.attend(all, all, block, Attention::kBackward));
    const Value middle = std::make_shared<op::Add>(tokens, attended);
    ASSIGN_OR_RETURN(const Value normal_middle, parts.norm(middle, block.norm_2));
    ASSIGN_OR_RETURN(const Value computed, parts.perceptron(normal_middle, block));
    tokens = std::make_shared<op::Add>(middle, computed);
  }
  const auto last = std::make_shared<op::Squeeze>(
      std::make_shared<op::Gather>(tokens, end, indices({1})), indices({1}));
  ASSIGN_OR_RETURN(const Value normal, parts.norm(last, rows.norm_after));
  ASSIGN_OR_RETURN(const Value projection, parts.constant(rows.projection));
  const auto vector =
      std::make_shared<op::MatMul>(normal, projection, false, rows.projection_is_transposed);
  return std::make_shared<ov::Model>(ov::OutputVector{vector}, ov::ParameterVector{ids, end},
                                     "clip_text");
}

}  // namespace assay::models

#include "core/parse_number.h"
#include "models/clip_check_internal.h"

#include <fmt/format.h>

#include <utility>

namespace assay::models {
namespace {

Status check_linear(const Checkpoint& checkpoint, const LinearRows& linear) {
  RETURN_IF_ERROR(check_rows(checkpoint, linear.weight));
  return check_rows(checkpoint, linear.bias);
}

/// Layers are counted from 0 until one is absent: those behind a gap must not be lost in silence.
Status check_no_layer_missing(const Checkpoint& checkpoint, std::uint64_t num_layers,
                              std::string_view first_prefix, std::string_view absent) {
  const std::string_view stem = first_prefix.substr(0, first_prefix.size() - 2);
  const auto& tensors = checkpoint.tensors();
  for (auto entry = tensors.lower_bound(stem);
       entry != tensors.end() && entry->first.starts_with(stem); ++entry) {
    const std::string_view rest = std::string_view(entry->first).substr(stem.size());
    const auto layer = parse_integer(rest.substr(0, rest.find('.')));
    if (!layer || std::cmp_less(*layer, 0) || std::cmp_greater_equal(*layer, num_layers)) {
      return invalid_input(fmt::format("{}: there is '{}', but no tensor '{}'", checkpoint.name(),
                                       entry->first, absent));
    }
  }
  return {};
}

}  // namespace

Status check_size(const Checkpoint& checkpoint, std::string_view tensor, bool is_right,
                  std::string_view expected) {
  if (is_right) return {};
  const TensorInfo* found = checkpoint.find(tensor);
  if (found == nullptr) {
    return invalid_input(fmt::format("{}: there is no tensor '{}'; expected one of shape {}",
                                     checkpoint.name(), tensor, expected));
  }
  return invalid_input(fmt::format("{}: tensor '{}' has shape {}; expected {}", checkpoint.name(),
                                   tensor, to_string(found->shape), expected));
}

Status check_rows(const Checkpoint& checkpoint, const TensorRows& rows) {
  const auto found = checkpoint.require(rows.tensor, rows.shape);
  if (!found) return found.error();
  return {};
}

Status check_norm(const Checkpoint& checkpoint, const NormRows& norm) {
  RETURN_IF_ERROR(check_rows(checkpoint, norm.gain));
  return check_rows(checkpoint, norm.bias);
}

Status check_block(const Checkpoint& checkpoint, ClipNames names, const ClipBlockRows& block) {
  RETURN_IF_ERROR(check_norm(checkpoint, block.norm_1));
  RETURN_IF_ERROR(check_norm(checkpoint, block.norm_2));
  RETURN_IF_ERROR(check_linear(checkpoint, block.attention_out));
  RETURN_IF_ERROR(check_linear(checkpoint, block.expand));
  RETURN_IF_ERROR(check_linear(checkpoint, block.contract));
  if (names == ClipNames::kHuggingFace) {
    RETURN_IF_ERROR(check_linear(checkpoint, block.query));
    RETURN_IF_ERROR(check_linear(checkpoint, block.key));
    return check_linear(checkpoint, block.value);
  }
  // The three are rows of one tensor.
  const std::uint64_t width = block.query.bias.shape.front();
  const auto weight = checkpoint.require(block.query.weight.tensor, {3 * width, width});
  if (!weight) return weight.error();
  const auto bias = checkpoint.require(block.query.bias.tensor, {3 * width});
  if (!bias) return bias.error();
  return {};
}

Result<BlockSizes> read_block_sizes(const Checkpoint& checkpoint, ClipNames names,
                                    std::uint64_t width,
                                    const std::function<std::string(std::uint64_t)>& prefix) {
  const auto expand_name = [&](std::uint64_t layer) {
    return block_rows(names, prefix(layer), {.width = width, .hidden = 0}).expand.weight.tensor;
  };
  BlockSizes sizes;
  while (sizes.num_layers < kMaxClipLayers && checkpoint.find(expand_name(sizes.num_layers))) {
    ++sizes.num_layers;
  }
  const TensorInfo* expand = checkpoint.find(expand_name(0));
  RETURN_IF_ERROR(
      check_size(checkpoint, expand_name(0),
                 expand != nullptr && expand->shape.size() == 2 && expand->shape[0] != 0,
                 fmt::format("[hidden, {}]", width)));
  sizes.hidden = expand->shape[0];
  RETURN_IF_ERROR(check_no_layer_missing(checkpoint, sizes.num_layers, prefix(0),
                                         expand_name(sizes.num_layers)));
  return sizes;
}

}  // namespace assay::models

#include "models/checkpoint.h"

#include "core/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace assay::models {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian");

/// Elements converted at a time.
constexpr std::size_t kPiece = 1U << 15;

/// Half precision: 1 sign, 5 exponent and 10 fraction bits.
float from_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  if (exponent == 0) {  // zero, or a subnormal: the fraction times 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t widened = exponent == 0x1f ? 0xffU : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (widened << 23U) | (fraction << 13U));
}

/// The upper half of a 32-bit float.
float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16U);
}

}  // namespace

std::uint64_t size_of(ElementType type) { return type == ElementType::kF32 ? 4 : 2; }

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Checkpoint::Checkpoint(std::shared_ptr<const files::ByteSource> source, TensorIndex tensors)
    : source_(std::move(source)), tensors_(std::move(tensors)) {}

const TensorInfo* Checkpoint::find(std::string_view tensor) const {
  const auto found = tensors_.find(tensor);
  return found == tensors_.end() ? nullptr : &found->second;
}

Result<const TensorInfo*> Checkpoint::require(std::string_view tensor, const Shape& shape) const {
  const TensorInfo* found = find(tensor);
  if (found == nullptr) {
    return invalid_input(fmt::format("{}: there is no tensor '{}'; expected one of shape {}",
                                     name(), tensor, to_string(shape)));
  }
  if (found->shape != shape) {
    return invalid_input(fmt::format("{}: tensor '{}' has shape {}; expected {}", name(), tensor,
                                     to_string(found->shape), to_string(shape)));
  }
  return found;
}

Status Checkpoint::read(const TensorInfo& tensor, std::uint64_t first,
                        std::span<float> into) const {
  CHECK(first <= tensor.num_elements && into.size() <= tensor.num_elements - first,
        "elements outside their tensor were asked for");
  const std::uint64_t offset = tensor.offset + (first * size_of(tensor.type));
  const auto cut_off = [this] { return corrupt(name() + ": the file became shorter"); };
  if (tensor.type == ElementType::kF32) {
    const auto bytes = std::as_writable_bytes(into);
    ASSIGN_OR_RETURN(const std::size_t got, source_->read_at(offset, bytes));
    if (got != bytes.size()) return cut_off();
    return {};
  }
  std::array<std::uint16_t, kPiece> halves;
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t count = std::min(kPiece, into.size() - done);
    const auto bytes = std::as_writable_bytes(std::span(halves).first(count));
    ASSIGN_OR_RETURN(const std::size_t got, source_->read_at(offset + (done * 2), bytes));
    if (got != bytes.size()) return cut_off();
    const auto target = into.subspan(done, count);
    if (tensor.type == ElementType::kF16) {
      std::transform(halves.begin(), halves.begin() + static_cast<std::ptrdiff_t>(count),
                     target.begin(), from_f16);
    } else {
      std::transform(halves.begin(), halves.begin() + static_cast<std::ptrdiff_t>(count),
                     target.begin(), from_bf16);
    }
    done += count;
  }
  return {};
}

Result<std::vector<float>> Checkpoint::values(const TensorInfo& tensor) const {
  std::vector<float> values(tensor.num_elements);
  RETURN_IF_ERROR(read(tensor, 0, values));
  return values;
}

}  // namespace assay::models

/// \file
/// A file of named tensors, whichever of the formats it is in.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// How one number is stored; little-endian all of them.
enum class ElementType { kF32, kF16, kBf16 };

/// Bytes of one element.
std::uint64_t size_of(ElementType type);

using Shape = std::vector<std::uint64_t>;

/// `[768, 3, 32, 32]`.
std::string to_string(const Shape& shape);

/// Where a tensor lies. Order: row-major, the last dimension contiguous.
struct TensorInfo {
  ElementType type = ElementType::kF32;
  Shape shape = {};
  std::uint64_t offset = 0;        ///< Of its first byte in the file.
  std::uint64_t num_elements = 0;  ///< The product of the shape; 1 for a number alone.
};

using TensorIndex = std::map<std::string, TensorInfo, std::less<>>;

/// The tensors of one file, read when asked for.
/// Threads: const calls are safe from any thread.
class Checkpoint {
 public:
  /// Pre: every tensor lies within `source`.
  Checkpoint(std::shared_ptr<const files::ByteSource> source, TensorIndex tensors);

  /// The file, as the user gave it.
  const std::string& name() const { return source_->name(); }
  const TensorIndex& tensors() const { return tensors_; }
  const TensorInfo* find(std::string_view tensor) const;

  /// The tensor of this name and shape.
  /// Errors: kInvalidInput, which names the tensor and what it was expected to be.
  Result<const TensorInfo*> require(std::string_view tensor, const Shape& shape) const;

  /// Fill `into` with consecutive elements from `first` on, widened to 32 bits.
  /// Pre: they lie within the tensor, which is one of this checkpoint's.
  /// Errors: those of the source, and kCorrupt when the file has become shorter.
  Status read(const TensorInfo& tensor, std::uint64_t first, std::span<float> into) const;

  /// All elements of a tensor. Errors: as read().
  Result<std::vector<float>> values(const TensorInfo& tensor) const;

 private:
  std::shared_ptr<const files::ByteSource> source_;  // maybe kept by what read its directory
  TensorIndex tensors_;
};

/// Open a safetensors file or a torch zip; which of them, the content says, not the name.
/// Errors: kInvalidInput (neither of them, or a torch file that asks for more than tensors),
///         kCorrupt, kExhausted (over the limits of the format), those of the source.
Result<Checkpoint> open_checkpoint(std::unique_ptr<files::ByteSource> source);

}  // namespace assay::models

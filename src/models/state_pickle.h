/// \file
/// The part of Python's pickle format that a file of tensors needs, read without running anything.

#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// The list of tensors of a large model is some 100 kB.
inline constexpr ByteCount kMaxPickleSize{16U << 20};

/// A tensor as the pickle describes it: a part of a storage, which is a file of its own.
struct PickledTensor {
  std::string name;
  std::string storage;  ///< The storage's key: its numbers are in `data/KEY`.
  std::uint64_t storage_elements = 0;
  std::uint64_t first = 0;  ///< The element of the storage that it begins with.
  std::vector<std::uint64_t> shape;
  /// Whole numbers of 64 bits, such as the positions that Hugging Face stores: no weights. Such a
  /// tensor may be laid out in any way.
  bool is_index = false;
};

/// Read the `data.pkl` of a file that torch.save() wrote of a state dict, or of a dict that holds
/// one as `model_state_dict`, `state_dict` or `model`.
///
/// Nothing is imported, called or built but dicts, lists, tuples, numbers, texts and descriptions
/// of tensors; the instructions and the names of Python objects that may occur are listed. Device
/// tags are ignored. Order: as in the file; of two tensors of one name the last counts.
///
/// Errors: kInvalidInput (asks for a Python object that is not on the list, by its name; holds no
///         tensors; a tensor that is not contiguous), kCorrupt, kExhausted (over a limit).
Result<std::vector<PickledTensor>> read_state_pickle(std::string_view pickle);

}  // namespace assay::models

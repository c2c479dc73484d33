/// \file
/// NumPy's .npy files of 32-bit floats, strictly: what the old tools keep a vector in.

#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::embedding_store {

/// The most that is read: 2,000,000 vectors of 512 floats.
inline constexpr ByteCount kMaxNpySize{std::uint64_t{4} << 30};

/// Shape: [n] or [rows, columns]; values row-major.
struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

/// Read version 1.0 or 2.0 with dtype `<f4`, C order and one or two dimensions.
/// Errors: kInvalidInput (no .npy file, or one of another kind, which the message names),
///         kCorrupt (cut short, bytes behind the end, or a header that is not one),
///         kExhausted (over kMaxNpySize).
Result<NpyArray> parse_npy(std::span<const std::byte> file);

/// The file of a vector, as numpy.save writes it (version 1.0).
std::string npy_of(std::span<const float> vector);

/// What stands in front of the `num_rows * num_columns` values of a matrix, row-major, so that they
/// can follow piece by piece.
std::string npy_header(std::size_t num_rows, std::size_t num_columns);

}  // namespace assay::embedding_store

/// \file
/// The arrays of NumPy's .npz files that the old state is made of.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::validator {

struct NpyArray {
  /// As NumPy writes it: `<f4`, `<i8`, `<U48`.
  std::string type;
  /// Elements; a single number without dimensions is one.
  std::size_t size = 0;
  std::size_t element_size = 0;
  std::span<const std::byte> bytes = {};
};

/// Read versions 1.0 to 3.0, of at most one dimension. The bytes stay in `file`.
/// Errors: kInvalidInput (no such array; Python objects; another kind), kCorrupt. Each names
/// `name`.
Result<NpyArray> parse_npy(std::span<const std::byte> file, std::string_view name);

/// Errors of all: kInvalidInput (the array is of another type).
Result<std::vector<double>> reals_of(const NpyArray& array, std::string_view name);
Result<std::vector<std::int64_t>> integers_of(const NpyArray& array, std::string_view name);
Result<std::vector<std::string>> texts_of(const NpyArray& array, std::string_view name);

}  // namespace assay::validator

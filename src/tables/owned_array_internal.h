/// \file
/// Arrays of a length known only at run time, for buffers that a call fills.

#pragma once

#include <cstddef>
#include <memory>

namespace assay::tables {

// A std::vector would clear what is overwritten anyway, and std::vector<bool> has no bools to point
// to. NOLINTBEGIN(*-avoid-c-arrays): it is the form in which std::unique_ptr owns an array.
template <typename T>
using OwnedArray = std::unique_ptr<T[]>;

/// Every element is T().
template <typename T>
OwnedArray<T> make_array(std::size_t size) {
  return std::make_unique<T[]>(size);
}

/// The elements of a plain type hold anything until they are written.
template <typename T>
OwnedArray<T> make_uncleared_array(std::size_t size) {
  return std::make_unique_for_overwrite<T[]>(size);
}
// NOLINTEND(*-avoid-c-arrays)

}  // namespace assay::tables

/// \file
/// Fuzzes the arrays of the old validator's state: what is read is as many elements as it says.

#include "core/check.h"
#include "fuzz_target.h"
#include "validator/npy_internal.h"

#include <cstddef>
#include <cstdint>
#include <span>

FUZZ_TARGET(old_state_array) {
  namespace validator = assay::validator;
  const auto array = validator::parse_npy(std::as_bytes(std::span(data, size)), "array.npy");
  if (!array) return 0;
  const auto reals = validator::reals_of(*array, "array.npy");
  CHECK(!reals || reals->size() == array->size, "as many numbers as the shape says");
  const auto integers = validator::integers_of(*array, "array.npy");
  CHECK(!integers || integers->size() == array->size, "as many integers as the shape says");
  CHECK(array->bytes.size() >= array->size, "no elements without bytes");
  const auto texts = validator::texts_of(*array, "array.npy");
  CHECK(!texts || texts->size() == array->size, "as many texts as the shape says");
  return 0;
}

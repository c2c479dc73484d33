/// \file
/// Fuzzes .npy files: what is read has the shape it says, and is written back the same.

#include "core/bytes.h"
#include "core/check.h"
#include "embedding_store/npy.h"
#include "fuzz_target.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

FUZZ_TARGET(npy) {
  const auto array = assay::embedding_store::parse_npy(std::as_bytes(std::span(data, size)));
  if (!array) return 0;
  std::size_t num_values = 1;
  for (const std::size_t length : array->shape) num_values *= length;
  CHECK(array->values.size() == num_values, "as many values as the shape says");
  if (array->shape.size() == 1) {
    const auto again = assay::embedding_store::parse_npy(
        assay::as_bytes(assay::embedding_store::npy_of(array->values)));
    CHECK(again && again->shape == array->shape, "what is read can be written");
    CHECK(num_values == 0 || std::memcmp(again->values.data(), array->values.data(),
                                         num_values * sizeof(float)) == 0,
          "the values come back bit by bit");
  }
  return 0;
}

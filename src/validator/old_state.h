/// \file
/// The old validator's `state.npz`: read without running anything in it.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace assay::validator {

struct OldState {
  std::uint64_t step = 0;
  /// By uid. A score that is no number is 0.
  std::vector<float> scores;
  std::vector<std::string> hotkeys;
  std::uint64_t num_bad_scores = 0;
};

/// Read `step.npy`, `scores.npy` and `hotkeys.npy` of the zip: an integer, floats of 32 or 64 bits,
/// and texts of fixed length. An array of Python objects is a pickle, and refused by its name.
/// Errors: kInvalidInput (no zip; an array that is missing or of another kind, which is named),
///         kCorrupt (broken arrays; scores and hotkeys that differ in number), kExhausted, and
///         those of the source.
Result<OldState> read_old_state(std::unique_ptr<files::ByteSource> source);

}  // namespace assay::validator

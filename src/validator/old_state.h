/// \file
/// The old validator's `state.npz`: read without running anything in it, and written.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace assay::validator {

/// No network has more slots.
inline constexpr std::size_t kMaxOldMiners = 65'536;

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

/// The bytes of such a file, as NumPy's savez() writes them: what a validator that goes back to the
/// old program gives it.
/// Errors: kInvalidInput (scores and hotkeys that differ in number; a hotkey beyond ASCII).
Result<std::string> write_old_state(const OldState& state);

}  // namespace assay::validator

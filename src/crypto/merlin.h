/// \file
/// Merlin transcripts (merlin.cool): what both sides of a proof have seen, and challenges from it.

#pragma once

#include "core/random.h"
#include "crypto/strobe.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace assay::crypto {

/// Threads: one thread at a time.
class Transcript {
 public:
  explicit Transcript(std::string_view protocol);

  void append(std::string_view label, std::span<const std::byte> message);
  void append(std::string_view label, std::string_view message);

  /// Fill `into` from all that was appended so far; the challenge is part of the transcript then.
  void challenge(std::string_view label, std::span<std::byte> into);

  /// Fill `into` with bytes that nobody guesses who knows neither `secret` nor what `random` gives,
  /// and that differ for every transcript even if `random` repeats itself. The transcript stays as
  /// it is.
  void witness(std::string_view label, std::span<const std::byte> secret, RandomSource& random,
               std::span<std::byte> into) const;

 private:
  Strobe128 strobe_;
};

}  // namespace assay::crypto

/// \file
/// One image made ready to be sent, and made again from what was written down of it.

#pragma once

#include "core/result.h"
#include "core/sha256.h"
#include "validator/augmentation.h"
#include "validator/image_shelf.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace assay::validator {

struct ChallengeOptions {
  AugmentationOptions augmentation = {};
  /// Of the JPEG that is sent: that of the old validator, with its 4:2:0.
  int jpeg_quality = 75;
};

/// All that is needed to make the sent bytes again from the image.
struct ChallengeRecipe {
  std::string image_name = {};
  Sha256 image_hash;
  Augmentation augmentation = {};
  int jpeg_quality = 75;
  Sha256 wire_hash;
};

struct PreparedChallenge {
  ChallengeRecipe recipe;
  /// A JPEG. There is nothing in it but pixels.
  std::vector<std::byte> wire;
};

/// Vary and encode an image. The same image, seed and options give the same bytes.
/// Errors: kCorrupt, kInvalidInput, kExhausted (the image cannot be read), kMissing (no library for
///         its format), kInternal.
Result<PreparedChallenge> prepare_challenge(const ShelfImage& image, std::uint64_t seed,
                                            const ChallengeOptions& options = {});

/// The bytes that were sent. Errors: as prepare_challenge(); kCorrupt also when `image` is not the
/// one that the recipe was made of, or something else comes out.
Result<std::vector<std::byte>> replay_challenge(const ShelfImage& image,
                                                const ChallengeRecipe& recipe);

}  // namespace assay::validator

/// \file
/// Texts to vectors: the text tower of CLIP.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_image.h"
#include "models/clip_text_shape.h"
#include "models/engine.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace assay::models {

struct ClipTextOptions {
  /// The same as that of the image tower.
  Activation activation = Activation::kGelu;
  Precision precision = Precision::kAuto;
  std::string device = "CPU";
};

/// A loaded tower. Threads: const calls are safe from any thread; they wait for each other.
class ClipTextEncoder {
 public:
  /// Build the tower from a checkpoint, which is not needed any longer on return.
  /// Errors: kMissing (no text tower in it, the device, or the engine), kInvalidInput (a tensor,
  ///         which is named), kInternal (the engine's own words), those of reading.
  static Result<ClipTextEncoder> load(const Checkpoint& checkpoint, const ClipTextOptions& options);

  ClipTextEncoder(ClipTextEncoder&&) noexcept;
  ClipTextEncoder& operator=(ClipTextEncoder&&) noexcept;
  ~ClipTextEncoder();

  const ClipTextShape& shape() const;

  /// Compute the vector of one text, as the tower gives it, of no particular length: that of the
  /// token at `end`, which sees all before it. What follows is padding, whatever it holds.
  ///
  /// Pre:    as many ids as the shape's context_length; `end` is the place of one of them.
  /// Shape:  [output_width].
  /// Errors: kInvalidInput (a token that the tower does not have), kInternal (the engine's words).
  Result<std::vector<float>> encode(std::span<const std::int32_t> ids, std::size_t end) const;

 private:
  struct Loaded;
  explicit ClipTextEncoder(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace assay::models

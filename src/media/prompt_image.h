/// \file
/// Tells a prompt that is an image from one that is text, and gives what the record holds of it.

#pragma once

#include "core/sha256.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::media {

/// An image that a prompt carried.
struct PromptImage {
  std::vector<std::byte> bytes;
  Sha256 hash;  ///< Of `bytes`.
  std::string
      extension;  ///< Without a dot: that of its format, `svg`, or `bin` for an unknown one.

  /// `sha256:` and 64 digits, as records hold it.
  std::string hash_text() const;
  /// Relative to the data folder: `images/<first 16 digits>.<extension>`.
  std::string file_path() const;
};

struct ReadPrompt {
  /// What the record holds: the prompt itself, or `[BASE64_IMAGE_HASH:sha256:...]` for an image.
  std::string text;
  std::uint64_t num_code_points = 0;  ///< Of the prompt as it came.
  std::optional<PromptImage> image;
};

/// A prompt is an image when it is a data URL of an image (`data:image/...`, or of bytes of a known
/// image format whatever it says), or when all of it is base64 of such bytes. Base64 may be of
/// either alphabet, with or without padding, broken into lines. Every other prompt is text, however
/// long. Pre: UTF-8; what is not only shifts the count of code points.
ReadPrompt read_prompt(std::string_view prompt);

}  // namespace assay::media

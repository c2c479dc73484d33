/// \file
/// How the image of a challenge is varied, so that nobody meets the same file twice: drawn from one
/// seed, written down, and done again from what was written.

#pragma once

#include "core/result.h"
#include "images/image.h"
#include "images/resize.h"
#include "json/value.h"
#include "json/writer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::validator {

/// Each does what the one before does, and more.
enum class AugmentationLevel : std::uint8_t {
  kPlain = 0,   ///< The middle square.
  kTurned = 1,  ///< Turned, a part of it, perhaps mirrored.
  kWorn = 2,    ///< Perhaps less colour, less contrast, JPEG once more.
  kNoisy = 3,   ///< Each of these up to a worse step; perhaps noise and blur.
};

enum class AugmentationStyle : std::uint8_t {
  kMended,
  /// The old validator's transforms with their defects: nothing is mirrored, a turn takes the
  /// nearest pixel and leaves black corners, a part may be a fifth of the area, colour runs over at
  /// 255, contrast darkens, and in place of JPEG the image is made small and large again. Drawn by
  /// our seeds, and worked out in our arithmetic: not the same bytes as there.
  kCompat,
};

/// `mended` or `compat`.
std::string_view to_string(AugmentationStyle style);
/// Errors: kInvalidInput.
Result<AugmentationStyle> parse_augmentation_style(std::string_view text);

struct AugmentationOptions {
  AugmentationStyle style = AugmentationStyle::kMended;
  /// The side of the square that is sent.
  std::uint32_t side = 224;
  /// The least share of the area that a part has. Smaller ones may leave out what the label is
  /// about. Of kCompat it is a fifth.
  double min_part = 0.5;
};

/// All there is to know of one. Without a value a step is left out.
struct Augmentation {
  std::uint64_t seed = 0;
  AugmentationStyle style = AugmentationStyle::kMended;
  AugmentationLevel level = AugmentationLevel::kPlain;
  std::uint32_t side = 224;
  double rotation_degrees = 0;
  /// Of the turned image.
  images::PixelBox part = {};
  bool is_flipped_horizontally = false;
  bool is_flipped_vertically = false;
  std::optional<double> saturation = std::nullopt;
  std::optional<double> contrast = std::nullopt;
  std::optional<int> jpeg_quality = std::nullopt;
  /// How many times smaller it was made meanwhile: of kCompat, in place of JPEG.
  std::optional<int> shrink = std::nullopt;
  std::optional<double> noise = std::nullopt;  ///< Standard deviation, of 255.
  std::optional<double> blur = std::nullopt;   ///< Standard deviation, in pixels.
};

/// Draw what is done to an image of `size`. Of the levels each is as likely as any other. The same
/// seed, size and options give the same.
/// Pre: `size` is not empty.
Augmentation draw_augmentation(std::uint64_t seed, images::ImageSize size,
                               const AugmentationOptions& options = {});

/// Do it. Errors: kInvalidInput (its part does not lie within `image`), those of encoding and
/// decoding JPEG.
Result<images::Image> augment(const images::Image& image, const Augmentation& augmentation);

/// One JSON object, without line breaks, that holds every parameter.
void write_json(json::Writer& writer, const Augmentation& augmentation);
std::string to_json(const Augmentation& augmentation);
/// Errors: kCorrupt, kInvalidInput (a member that is missing or out of its range, by name).
Result<Augmentation> parse_augmentation(std::string_view text);
/// Errors: kInvalidInput, as parse_augmentation().
Result<Augmentation> read_augmentation(const json::Value& object);

}  // namespace assay::validator

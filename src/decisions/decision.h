/// \file
/// What was decided about a group of images, by a model or a person; and its forms as text.

#pragma once

#include "core/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::decisions {

/// A rectangle in shares of the image's width and height, from the upper left corner.
struct CropBox {
  double x1 = 0;
  double y1 = 0;
  double x2 = 1;
  double y2 = 1;
  bool operator==(const CropBox&) const = default;
};

/// Within the image, and not empty.
bool is_within_image(const CropBox& box);

/// Pixels, from the upper left corner of the image; right and bottom are the first ones outside.
struct PixelBox {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t right = 0;
  std::int64_t bottom = 0;
  bool operator==(const PixelBox&) const = default;
};

/// Rounded to whole pixels; within the image, and at least one pixel each way. Pre: `width` and
/// `height` are positive.
PixelBox to_pixels(const CropBox& box, std::int64_t width, std::int64_t height);

/// Intersection over union; 0 when both are empty.
double overlap(const CropBox& a, const CropBox& b);

/// Whether each coordinate differs by no more than `tolerance`: what the column crop_match says.
inline constexpr double kCropTolerance = 0.05;
bool crops_match(const CropBox& a, const CropBox& b, double tolerance = kCropTolerance);

/// A row of the table ai_decisions. Indexes are into `images`. What an older table has no column
/// for, or a row does not say, is empty.
struct Decision {
  std::string group_id;
  /// `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`.
  std::string timestamp = {};
  std::string project_id = {};
  /// Of the first image.
  std::optional<std::string> directory = std::nullopt;
  std::optional<std::int64_t> batch_number = std::nullopt;
  /// Names without folders, as a rule; old rows may hold paths.
  std::vector<std::string> images = {};
  std::optional<std::int64_t> ai_selected_index = std::nullopt;
  std::optional<CropBox> ai_crop_coords = std::nullopt;
  /// 0 to 1.
  std::optional<double> ai_confidence = std::nullopt;
  std::optional<std::int64_t> user_selected_index = std::nullopt;
  /// approve, crop or reject.
  std::optional<std::string> user_action = std::nullopt;
  std::optional<CropBox> final_crop_coords = std::nullopt;
  std::optional<std::string> crop_timestamp = std::nullopt;
  /// Of the selected image, in pixels.
  std::optional<std::int64_t> image_width = std::nullopt;
  std::optional<std::int64_t> image_height = std::nullopt;
  std::optional<bool> selection_match = std::nullopt;
  std::optional<bool> crop_match = std::nullopt;
  std::optional<bool> ai_crop_accepted = std::nullopt;
};

/// The part of a path behind the last slash.
std::string_view base_name_of(std::string_view path);

/// A list as Python's json.dumps writes it: `["a.png", "caf\u00e9.png"]`.
std::string images_to_json(std::span<const std::string> images);
/// Names, paths, or objects with a `filename` or `name`; at least one, none empty.
/// Errors: kInvalidInput, kCorrupt.
Result<std::vector<std::string>> images_from_json(std::string_view json);

/// `[0.1, 0.0, 0.9, 0.8]`.
std::string coords_to_json(const CropBox& box);
/// Four numbers, wherever they lie. Errors: kInvalidInput, kCorrupt.
Result<CropBox> coords_from_json(std::string_view json);

}  // namespace assay::decisions

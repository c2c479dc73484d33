/// \file
/// What the name of an image says: when it was made, and at which stage.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::grouping {

/// How far an image has come. Order: as the numbers of the names.
enum class Stage : std::uint8_t {
  kUnknown,
  kGenerated,    ///< stage1_generated
  kFaceSwapped,  ///< stage1.5_face_swapped
  kUpscaled,     ///< stage2_upscaled
  kEnhanced,     ///< stage3_enhanced
};

/// `stage1_generated`, or `unknown`.
std::string_view to_string(Stage stage);

/// Lifetime: the views are of the path that was parsed.
struct ImageName {
  std::string_view directory;  ///< Empty for a name alone.
  std::string_view base_name;
  /// `YYYYMMDD_HHMMSS`, the first 15 characters of the base name; empty when it begins otherwise.
  /// The digits may name no day of the calendar.
  std::string_view timestamp;
  Stage stage = Stage::kUnknown;
};

/// Read a path with slashes. Text anywhere in the base name decides the stage, whatever its case.
ImageName parse_image_name(std::string_view path);

/// The instant of a timestamp, in no particular zone; nothing when there is no such day or time.
std::optional<std::chrono::sys_seconds> instant_of(std::string_view timestamp);

/// The endings of the files that are taken as images, with the dot, as EntrySourceOptions has them.
std::vector<std::string> image_extensions();

/// Why a listed path is not taken as an image.
enum class NotImage : std::uint8_t {
  kFolder,     ///< It ends in a slash.
  kHidden,     ///< A part of it begins with a dot, or it lies below __MACOSX.
  kOtherFile,  ///< It has an extension that no image has.
};

/// Whether a path, as `unzip -Z1` or `find` list it, is one of an image; nothing when it is. A name
/// without an extension is taken as an image.
std::optional<NotImage> why_not_image(std::string_view path);

}  // namespace assay::grouping

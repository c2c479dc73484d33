/// \file
/// Where the scales of int8 come from: the file beside the model, or a few of the user's own
/// images.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "models/checkpoint.h"
#include "models/clip_scales.h"

#include <filesystem>
#include <vector>

namespace assay::app {

/// What to measure on where nothing was measured yet.
struct Int8Samples {
  /// Zips and folders of images; those that cannot be opened are passed over. Empty: not to
  /// measure.
  std::vector<std::filesystem::path> sources = {};
  /// Whether what was measured is kept beside the model.
  enum class Keep { kYes, kNo };
  Keep keep = Keep::kYes;
  /// Whether the log tells that it is measured, which takes its time, and on what it was.
  enum class Remarks { kYes, kNo };
  Remarks remarks = Remarks::kNo;
};

/// The scales beside the model, else newly measured ones.
///
/// Cost:   to measure takes an fp32 tower and 48 images, some seconds.
/// Errors: kMissing (none are there and none may be measured; the processor does not compute int8),
///         kInvalidInput (too few images to measure on), those of models::read_clip_scales(), of
///         the tower, and of writing beside the model.
Result<models::ClipScales> int8_scales(files::FileSystem& file_system,
                                       const std::filesystem::path& model,
                                       const models::Checkpoint& checkpoint,
                                       const models::ScaledTower& tower,
                                       const Int8Samples& samples);

}  // namespace assay::app

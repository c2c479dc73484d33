/// \file
/// What int8 needs to know of a tower, measured on images, and the file beside the model that keeps
/// it (docs/formats/int8-scales.md).

#pragma once

#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"
#include "models/clip_image.h"
#include "models/clip_shape.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

struct ClipScales {
  Sha256 model;  ///< Of the file of weights.
  Activation activation = Activation::kGelu;
  /// What was measured on, by content.
  std::vector<Sha256> images = {};
  /// As ClipImageEncoder::measure_block_inputs() gives them.
  std::vector<float> block_inputs = {};
};

/// Of what vectors depend on: the images are not part of it.
Sha256 digest_of(const ClipScales& scales);

/// Where the scales of a model lie: `FILE.int8-gelu.json`.
std::filesystem::path clip_scales_path(const std::filesystem::path& model, Activation activation);

/// One JSON object on a line.
std::string to_json(const ClipScales& scales);

/// What scales must be of.
struct ScaledTower {
  Sha256 model;
  Activation activation = Activation::kGelu;
  ClipShape shape = {};
};

/// Errors: kCorrupt (damaged, by the member), kInvalidInput (of another version, model, activation
///         or shape).
Result<ClipScales> parse_clip_scales(std::string_view json, const ScaledTower& tower);

/// The scales in the file; nothing when there is none.
/// Errors: as parse_clip_scales(), with the file and what to do; those of the file system.
Result<std::optional<ClipScales>> read_clip_scales(files::FileSystem& file_system,
                                                   const std::filesystem::path& path,
                                                   const ScaledTower& tower);

/// Errors: as files::AtomicFile.
Status write_clip_scales(files::FileSystem& file_system, const std::filesystem::path& path,
                         const ClipScales& scales);

}  // namespace assay::models

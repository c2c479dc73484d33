/// \file
/// The image tower of CLIP as a graph of the engine.

#pragma once

#include "core/result.h"
#include "models/engine_library_internal.h"

#include <memory>
#include <openvino/core/model.hpp>

namespace assay::models {

/// Build the tower that the plan describes.
///
/// Shape:  in: u8 [batch, grid * grid, patch * patch * 3], each patch its rows of RGB pixels;
///         out: f32 as TowerOutput says.
/// Errors: those of reading the checkpoint. Throws as the engine does.
Result<std::shared_ptr<ov::Model>> build_clip_graph(const TowerPlan& plan);

}  // namespace assay::models

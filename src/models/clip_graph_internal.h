/// \file
/// The towers of CLIP as graphs of the engine.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_image.h"
#include "models/clip_text_shape.h"
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

/// Build the tower for one text at a time.
///
/// Shape:  in: i32 [1, context_length], and i32 [1], the place of the token that ends the text;
///         out: f32 [1, output_width].
/// Errors: those of reading the checkpoint. Throws as the engine does.
Result<std::shared_ptr<ov::Model>> build_clip_text_graph(const Checkpoint& checkpoint,
                                                         const ClipTextShape& shape,
                                                         Activation activation);

}  // namespace assay::models

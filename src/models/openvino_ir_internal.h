/// \file
/// Graphs that the engine reads.

#pragma once

#include "core/result.h"
#include "models/engine_library_internal.h"
#include "models/ir_model.h"

#include <memory>
#include <openvino/runtime/core.hpp>
#include <string>

namespace assay::models {

/// Lifetime: `core` and `engine` outlive the model. Errors: as open_ir_model().
Result<std::unique_ptr<IrModel>> read_openvino_model(ov::Core& core, Engine& engine,
                                                     const std::string& graph, GraphFormat format);

}  // namespace assay::models

#include "models/ir_model.h"

#include "models/engine_library_internal.h"

#include <algorithm>
#include <system_error>

namespace assay::models {

const IrPort* find_port(const std::vector<IrPort>& ports, std::string_view name) {
  const auto found = std::ranges::find(ports, name, &IrPort::name);
  return found == ports.end() ? nullptr : &*found;
}

Result<std::unique_ptr<IrModel>> open_ir_model(const std::filesystem::path& graph) {
  std::filesystem::path weights = graph;
  weights.replace_extension(".bin");
  for (const std::filesystem::path& file : {graph, weights}) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(file, code)) {
      return not_found(file.string() +
                       " is not there; a model is a graph (.xml) and its weights "
                       "(.bin) beside it");
    }
  }
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  return engine->read_model(graph.string(), GraphFormat::kIr);
}

Result<std::unique_ptr<IrModel>> open_onnx_model(const std::filesystem::path& graph) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(graph, code)) {
    return not_found(graph.string() + " is not there");
  }
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  return engine->read_model(graph.string(), GraphFormat::kOnnx);
}

}  // namespace assay::models

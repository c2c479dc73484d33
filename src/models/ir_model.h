/// \file
/// Models of any kind as graphs: in the engine's own files, a graph (.xml) and its weights (.bin),
/// or as ONNX.

#pragma once

#include "core/result.h"
#include "models/engine.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// An input or output of a model.
struct IrPort {
  std::string name = {};
  /// -1: any length.
  std::vector<std::int64_t> shape = {};
  /// Of an output: the operation that gives its numbers, in the engine's words, such as Softmax.
  std::string operation = {};
};

/// A place for one computation at a time. Threads: one thread at a time.
/// Errors: kInvalidInput (no such input or output, another size, a type of numbers that is not
///         read here), kInternal (the engine's own words).
class IrRequest {
 public:
  IrRequest() = default;
  IrRequest(const IrRequest&) = delete;
  IrRequest& operator=(const IrRequest&) = delete;
  virtual ~IrRequest() = default;

  /// Copy numbers into the input; they are converted to what it holds.
  virtual Status set_floats(std::string_view input, std::span<const float> numbers) = 0;
  virtual Status set_integers(std::string_view input, std::span<const std::int64_t> numbers) = 0;
  virtual Status run() = 0;
  /// What the last run() gave. Lifetime: until the next call of output() or run().
  virtual Result<std::span<const float>> output(std::string_view name) = 0;
  /// Its lengths.
  virtual Result<std::vector<std::size_t>> output_shape(std::string_view name) = 0;
};

struct IrCompileOptions {
  std::string device = "CPU";
  Precision precision = Precision::kAuto;
  /// By the name of the input: static shapes are several times faster. Others stay as they are.
  std::map<std::string, std::vector<std::size_t>> shapes = {};
};

/// A model that was read. Threads: one thread at a time.
class IrModel {
 public:
  IrModel() = default;
  IrModel(const IrModel&) = delete;
  IrModel& operator=(const IrModel&) = delete;
  virtual ~IrModel() = default;

  virtual const std::vector<IrPort>& inputs() const = 0;
  virtual const std::vector<IrPort>& outputs() const = 0;

  /// Errors: kMissing (the device), kInternal (the engine's own words, such as of shapes that do
  ///         not fit).
  virtual Result<std::unique_ptr<IrRequest>> compile(const IrCompileOptions& options) = 0;
};

/// The port of this name, or null.
const IrPort* find_port(const std::vector<IrPort>& ports, std::string_view name);

/// Read a graph; the weights lie beside it, with the ending .bin. Cost: the weights are mapped, not
/// read.
/// Errors: kMissing (the engine is not there), kNotFound, kCorrupt (the engine cannot read it).
Result<std::unique_ptr<IrModel>> open_ir_model(const std::filesystem::path& graph);

/// Read a graph in ONNX's form; weights that it keeps in files of their own lie beside it.
/// Errors: as open_ir_model().
Result<std::unique_ptr<IrModel>> open_onnx_model(const std::filesystem::path& graph);

}  // namespace assay::models

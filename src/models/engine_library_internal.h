/// \file
/// What the engine does for this module, as an interface: its code lies in a shared object of our
/// own, which is loaded when it is first needed.

#pragma once

#include "core/result.h"
#include "models/checkpoint.h"
#include "models/clip_image.h"
#include "models/clip_shape.h"
#include "models/clip_text_shape.h"
#include "models/engine.h"
#include "models/ir_model.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// A place for one batch at a time in a tower that is ready. Threads: one thread at a time.
/// Errors: kInternal (the engine's own words).
class TowerRequest {
 public:
  TowerRequest() = default;
  TowerRequest(const TowerRequest&) = delete;
  TowerRequest& operator=(const TowerRequest&) = delete;
  virtual ~TowerRequest() = default;

  /// Where the patches of the next batch go. Shape: the input of build_clip_graph().
  virtual Result<std::span<std::uint8_t>> input() = 0;
  /// What the tower computes of what lies in input(); good until the next call.
  /// Shape: the output of build_clip_graph().
  virtual Result<std::span<const float>> compute() = 0;
};

/// What a tower computes.
enum class TowerOutput {
  kVectors,      ///< [batch, output_width]
  kBlockInputs,  ///< [batch, num_block_inputs()]: the largest absolute values, an image a row.
};

/// What a tower is made of.
struct TowerPlan {
  const Checkpoint& checkpoint;
  const ClipShape& shape;
  Activation activation = Activation::kGelu;
  Precision precision = Precision::kFp32;  ///< Never kAuto.
  std::string_view device;
  std::size_t batch_size = 1;
  std::size_t num_requests = 1;
  TowerOutput output = TowerOutput::kVectors;
  std::span<const float> block_inputs = {};  ///< Of kInt8.
};

/// A text tower that is ready, for one text at a time. Threads: one thread at a time.
/// Errors: kInternal (the engine's own words).
class TextTowerRequest {
 public:
  TextTowerRequest() = default;
  TextTowerRequest(const TextTowerRequest&) = delete;
  TextTowerRequest& operator=(const TextTowerRequest&) = delete;
  virtual ~TextTowerRequest() = default;

  /// The vector of a text; good until the next call.
  /// Shape: the inputs and the output of build_clip_text_graph().
  virtual Result<std::span<const float>> compute(std::span<const std::int32_t> ids,
                                                 std::size_t end) = 0;
};

/// What a text tower is made of.
struct TextTowerPlan {
  const Checkpoint& checkpoint;
  const ClipTextShape& shape;
  Activation activation = Activation::kGelu;
  Precision precision = Precision::kFp32;  ///< Never kAuto.
  std::string_view device;
};

enum class GraphFormat {
  kIr,
  kOnnx,
};

/// The one engine of the process. Threads: safe from any thread.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  /// Errors: as list_devices().
  virtual Result<std::vector<Device>> list_devices() = 0;
  /// Errors: as find_device().
  virtual Result<Device> find_device(std::string_view name) = 0;
  /// As many requests as the plan says; together they keep the tower.
  /// Errors: kInternal (the engine's own words), those of reading the checkpoint.
  virtual Result<std::vector<std::unique_ptr<TowerRequest>>> build_tower(const TowerPlan& plan) = 0;
  /// Errors: as build_tower().
  virtual Result<std::unique_ptr<TextTowerRequest>> build_text_tower(const TextTowerPlan& plan) = 0;
  /// Errors: kCorrupt (the engine cannot read it), kMissing (it has no reader of this format).
  virtual Result<std::unique_ptr<IrModel>> read_model(const std::string& graph,
                                                      GraphFormat format) = 0;
  /// As the engine says it.
  virtual std::string version() = 0;
};

/// The engine. Cost: some 10 ms on the first call.
/// Errors: as open_engine(), on every call alike.
Result<Engine*> load_engine();

/// The engine in this shared object; a name without a folder is looked for where the program's
/// libraries are. It stays loaded.
/// Errors: kMissing (it is not there, lacks a library that it needs, or is of another version).
Result<Engine*> open_engine(const std::string& file);

}  // namespace assay::models

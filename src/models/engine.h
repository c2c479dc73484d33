/// \file
/// What the inference engine can run on: devices and precisions by name. The engine is loaded when
/// it is first asked for something.

#pragma once

#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::models {

/// The numbers that a model computes in.
enum class Precision {
  kAuto,  ///< bf16 where the device computes it by itself, else fp32.
  kFp32,
  kBf16,
  kInt8,  ///< The matrices of the blocks; never chosen by itself, for it is an approximation.
};

/// "auto", "fp32", "bf16" or "int8".
std::string_view to_string(Precision precision);
/// Errors: kInvalidInput, which lists the names.
Result<Precision> parse_precision(std::string_view name);

/// One device that the engine has a driver for.
struct Device {
  std::string name;       ///< "CPU", "GPU.0".
  std::string full_name;  ///< As its maker calls it.
  bool computes_bf16 = false;
  /// With products that neither overflow nor round on the way.
  bool computes_int8 = false;
};

/// All devices that are there. Cost: loads every driver of the engine, some 0.1 s.
/// Errors: kMissing (the engine itself is not there), kInternal (the engine's own words).
Result<std::vector<Device>> list_devices();

/// The device of this name. Cost: loads one driver, some 40 ms, on the first call.
/// Errors: kMissing, which lists the devices that are there, or says that the engine is not.
Result<Device> find_device(std::string_view name);

/// What `wanted` means on this device; never kAuto.
Precision resolve(Precision wanted, const Device& device);

/// That the device computes int8 exactly.
/// Errors: kMissing, with what to take instead.
Status require_int8(const Device& device);

/// What to tell whoever asked for `precision` when `device` imitates it, which takes a hundred
/// times the time; empty when it does not.
std::string imitation_warning(Precision precision, const Device& device);

/// The engine's version, as it says it.
/// Errors: kMissing (the engine is not there).
Result<std::string> engine_version();

}  // namespace assay::models

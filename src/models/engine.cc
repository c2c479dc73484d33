#include "models/engine.h"

#include "models/engine_internal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <openvino/core/version.hpp>
#include <openvino/runtime/properties.hpp>
#include <utility>

namespace assay::models {
namespace {

constexpr std::array<std::pair<std::string_view, Precision>, 3> kPrecisionNames = {
    {{"auto", Precision::kAuto}, {"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}}};

Device describe(const std::string& name) {
  ov::Core& core = engine_core();
  const auto abilities = core.get_property(name, ov::device::capabilities);
  return {.name = name,
          .full_name = core.get_property(name, ov::device::full_name),
          .computes_bf16 =
              std::ranges::find(abilities, ov::device::capability::BF16) != abilities.end()};
}

}  // namespace

ov::Core& engine_core() {
  // Never destroyed: its drivers have threads and statics of their own, and models may outlive it.
  static auto* const core = new ov::Core();
  return *core;
}

Error engine_error(std::string_view what, const std::exception& exception) {
  std::string words = exception.what();
  // The engine puts its source lines in front, a line each: the last one says what happened.
  while (words.ends_with('\n')) words.pop_back();
  const std::size_t start = words.rfind('\n');
  if (start != std::string::npos) words.erase(0, start + 1);
  return internal(fmt::format("{}: {}", what, words));
}

std::string_view to_string(Precision precision) {
  const auto found = std::ranges::find(kPrecisionNames, precision,
                                       &std::pair<std::string_view, Precision>::second);
  return found->first;
}

Result<Precision> parse_precision(std::string_view name) {
  const auto found =
      std::ranges::find(kPrecisionNames, name, &std::pair<std::string_view, Precision>::first);
  if (found != kPrecisionNames.end()) return found->second;
  return invalid_input(
      fmt::format("no precision is called '{}'; there are auto, fp32 and bf16", name));
}

Result<std::vector<Device>> list_devices() {
  return with_engine("list the devices", [&]() -> Result<std::vector<Device>> {
    std::vector<Device> devices;
    for (const std::string& name : engine_core().get_available_devices()) {
      devices.push_back(describe(name));
    }
    return devices;
  });
}

Result<Device> find_device(std::string_view name) {
  const std::string wanted(name);
  const auto found = with_engine("open the device " + wanted,
                                 [&]() -> Result<Device> { return describe(wanted); });
  if (found) return found;
  // Only now: to look for all devices loads every driver.
  ASSIGN_OR_RETURN(const auto devices, list_devices());
  std::vector<std::string_view> names;
  names.reserve(devices.size());
  for (const Device& device : devices) names.emplace_back(device.name);
  return missing(fmt::format("no device is called '{}' here; there {}", name,
                             names.empty() ? std::string("is none: the engine's CPU driver is not "
                                                         "beside its library")
                                           : fmt::format("is {}", fmt::join(names, ", "))));
}

Precision resolve(Precision wanted, const Device& device) {
  if (wanted != Precision::kAuto) return wanted;
  return device.computes_bf16 ? Precision::kBf16 : Precision::kFp32;
}

std::string engine_version() { return ov::get_openvino_version().buildNumber; }

}  // namespace assay::models

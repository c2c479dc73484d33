#include "models/engine.h"

#include "models/engine_library_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::models {
namespace {

constexpr std::array<std::pair<std::string_view, Precision>, 4> kPrecisionNames = {
    {{"auto", Precision::kAuto},
     {"fp32", Precision::kFp32},
     {"bf16", Precision::kBf16},
     {"int8", Precision::kInt8}}};

}  // namespace

std::string_view to_string(Precision precision) {
  const auto* const found = std::ranges::find(kPrecisionNames, precision,
                                              &std::pair<std::string_view, Precision>::second);
  return found->first;
}

Result<Precision> parse_precision(std::string_view name) {
  const auto* const found =
      std::ranges::find(kPrecisionNames, name, &std::pair<std::string_view, Precision>::first);
  if (found != kPrecisionNames.end()) return found->second;
  return invalid_input(
      fmt::format("no precision is called '{}'; there are auto, fp32, bf16 and int8", name));
}

Result<std::vector<Device>> list_devices() {
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  return engine->list_devices();
}

Result<Device> find_device(std::string_view name) {
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  return engine->find_device(name);
}

Precision resolve(Precision wanted, const Device& device) {
  if (wanted != Precision::kAuto) return wanted;
  return device.computes_bf16 ? Precision::kBf16 : Precision::kFp32;
}

Status require_int8(const Device& device) {
  if (device.computes_int8) return {};
  return missing(fmt::format(
      "{} does not compute int8 exactly (that takes AVX512-VNNI or AVX-VNNI); take auto",
      device.full_name));
}

std::string imitation_warning(Precision precision, const Device& device) {
  if (precision != Precision::kBf16 || device.computes_bf16) return {};
  return fmt::format(
      "{} does not compute bf16: it is imitated, and a hundred times slower than fp32, which auto "
      "takes here",
      device.full_name);
}

Result<std::string> engine_version() {
  ASSIGN_OR_RETURN(Engine* const engine, load_engine());
  return engine->version();
}

}  // namespace assay::models

#include "models/clip_graph_internal.h"
#include "models/engine_library_internal.h"
#include "models/openvino_errors_internal.h"
#include "models/openvino_ir_internal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <openvino/core/version.hpp>
#include <openvino/runtime/compiled_model.hpp>
#include <openvino/runtime/core.hpp>
#include <openvino/runtime/infer_request.hpp>
#include <openvino/runtime/properties.hpp>
#include <utility>

namespace assay::models {
namespace {

/// Whether the processor adds products of bytes in 32 bits. Older ones add pairs of them in 16
/// bits, which is too few: the engine runs there as well, and is wrong.
bool has_int8_products() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512vnni") > 0 || __builtin_cpu_supports("avxvnni") > 0;
#else
  return false;
#endif
}

class OpenVinoRequest final : public TowerRequest {
 public:
  explicit OpenVinoRequest(ov::CompiledModel model)
      : model_(std::move(model)), request_(model_.create_infer_request()) {}

  Result<std::span<std::uint8_t>> input() override {
    return with_engine("compute embeddings", [this] -> Result<std::span<std::uint8_t>> {
      ov::Tensor tensor = request_.get_input_tensor();
      return std::span<std::uint8_t>(tensor.data<std::uint8_t>(), tensor.get_size());
    });
  }

  Result<std::span<const float>> compute() override {
    return with_engine("compute embeddings", [this] -> Result<std::span<const float>> {
      request_.infer();
      const ov::Tensor tensor = request_.get_output_tensor();
      return std::span<const float>(tensor.data<const float>(), tensor.get_size());
    });
  }

 private:
  ov::CompiledModel model_;
  ov::InferRequest request_;
};

class OpenVinoTextRequest final : public TextTowerRequest {
 public:
  explicit OpenVinoTextRequest(ov::CompiledModel model)
      : model_(std::move(model)), request_(model_.create_infer_request()) {}

  Result<std::span<const float>> compute(std::span<const std::int32_t> ids,
                                         std::size_t end) override {
    return with_engine("compute a text's vector", [&] -> Result<std::span<const float>> {
      std::ranges::copy(ids, request_.get_input_tensor(0).data<std::int32_t>());
      *request_.get_input_tensor(1).data<std::int32_t>() = static_cast<std::int32_t>(end);
      request_.infer();
      const ov::Tensor tensor = request_.get_output_tensor();
      return std::span<const float>(tensor.data<const float>(), tensor.get_size());
    });
  }

 private:
  ov::CompiledModel model_;
  ov::InferRequest request_;
};

class OpenVinoEngine final : public Engine {
 public:
  Result<std::vector<Device>> list_devices() override {
    return with_engine("list the devices", [this] -> Result<std::vector<Device>> {
      std::vector<Device> devices;
      for (const std::string& name : core_.get_available_devices()) {
        devices.push_back(describe(name));
      }
      return devices;
    });
  }

  Result<Device> find_device(std::string_view name) override {
    const std::string wanted(name);
    auto found = with_engine("open the device " + wanted,
                             [&] -> Result<Device> { return describe(wanted); });
    if (found) return found;
    // Only now: to look for all devices loads every driver.
    ASSIGN_OR_RETURN(const auto devices, list_devices());
    std::vector<std::string_view> names;
    names.reserve(devices.size());
    for (const Device& device : devices) names.emplace_back(device.name);
    return missing(fmt::format("no device is called '{}' here; there {}", name,
                               names.empty() ? std::string("is none: the engine's CPU driver is "
                                                           "not beside its library")
                                             : fmt::format("is {}", fmt::join(names, ", "))));
  }

  Result<std::vector<std::unique_ptr<TowerRequest>>> build_tower(const TowerPlan& plan) override {
    using Requests = std::vector<std::unique_ptr<TowerRequest>>;
    return with_engine("load " + plan.checkpoint.name(), [&] -> Result<Requests> {
      ASSIGN_OR_RETURN(const auto graph, build_clip_graph(plan));
      const ov::CompiledModel model =
          core_.compile_model(graph, std::string(plan.device),
                              settings_of(plan.device, plan.precision, plan.num_requests));
      Requests requests;
      for (std::size_t i = 0; i < plan.num_requests; ++i) {
        requests.push_back(std::make_unique<OpenVinoRequest>(model));
      }
      return requests;
    });
  }

  Result<std::unique_ptr<TextTowerRequest>> build_text_tower(const TextTowerPlan& plan) override {
    return with_engine(
        "load the text tower of " + plan.checkpoint.name(),
        [&] -> Result<std::unique_ptr<TextTowerRequest>> {
          ASSIGN_OR_RETURN(const auto graph,
                           build_clip_text_graph(plan.checkpoint, plan.shape, plan.activation));
          return std::make_unique<OpenVinoTextRequest>(core_.compile_model(
              graph, std::string(plan.device), settings_of(plan.device, plan.precision, 1)));
        });
  }

  Result<std::unique_ptr<IrModel>> read_model(const std::string& graph,
                                              GraphFormat format) override {
    return read_openvino_model(core_, *this, graph, format);
  }

  std::string version() override { return ov::get_openvino_version().buildNumber; }

 private:
  Device describe(const std::string& name) {
    const auto abilities = core_.get_property(name, ov::device::capabilities);
    const auto can = [&](const char* ability) {
      return std::ranges::find(abilities, ability) != abilities.end();
    };
    return {.name = name,
            .full_name = core_.get_property(name, ov::device::full_name),
            .computes_bf16 = can(ov::device::capability::BF16),
            .computes_int8 =
                can(ov::device::capability::INT8) && (name != "CPU" || has_int8_products())};
  }

  ov::AnyMap settings_of(std::string_view device, Precision precision, std::size_t num_requests) {
    // What of an int8 tower is no matrix of a block.
    const bool is_bf16 =
        precision == Precision::kBf16 ||
        (precision == Precision::kInt8 && describe(std::string(device)).computes_bf16);
    ov::AnyMap settings = {
        ov::hint::inference_precision(is_bf16 ? ov::element::bf16 : ov::element::f32)};
    if (device == "CPU") {
      const auto num_threads = static_cast<int>(num_requests);
      settings.insert(ov::num_streams(num_threads));
      settings.insert(ov::inference_num_threads(num_threads));
      // Several programs on one machine, each pinned to its first cores, would share those.
      settings.insert(ov::hint::enable_cpu_pinning(false));
    }
    return settings;
  }

  ov::Core core_;
};

}  // namespace
}  // namespace assay::models

extern "C" assay::models::Engine* ASSAY_ENGINE_ENTRY();
extern "C" [[gnu::visibility("default")]] assay::models::Engine* ASSAY_ENGINE_ENTRY() {
  // Never destroyed: its drivers have threads and statics of their own, and models may outlive it.
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): see above.
  static auto* const engine = new assay::models::OpenVinoEngine();
  return engine;
}

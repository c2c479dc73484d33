#include "models/openvino_errors_internal.h"
#include "models/openvino_ir_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <openvino/core/model.hpp>
#include <openvino/core/type/float16.hpp>
#include <openvino/frontend/manager.hpp>
#include <openvino/runtime/compiled_model.hpp>
#include <openvino/runtime/infer_request.hpp>
#include <openvino/runtime/properties.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

std::string name_of(const ov::Output<const ov::Node>& port) {
  const auto& names = port.get_names();
  return names.empty() ? port.get_node()->get_friendly_name() : *std::ranges::min_element(names);
}

// What gives an output its numbers: behind the port itself, and what changes shape or type alone.
std::string operation_of(const ov::Output<const ov::Node>& output) {
  const ov::Node* node = output.get_node();
  constexpr std::array<std::string_view, 5> kPassing = {"Result", "Convert", "Reshape", "Squeeze",
                                                        "Unsqueeze"};
  while (std::ranges::find(kPassing, node->get_type_info().name) != kPassing.end()) {
    node = node->get_input_node_ptr(0);
  }
  return node->get_type_info().name;
}

std::vector<IrPort> ports_of(const std::vector<ov::Output<const ov::Node>>& outputs) {
  std::vector<IrPort> ports;
  for (const auto& output : outputs) {
    IrPort port{.name = name_of(output)};
    const ov::PartialShape& shape = output.get_partial_shape();
    if (shape.rank().is_static()) {
      for (const ov::Dimension& length : shape) {
        port.shape.push_back(length.is_static() ? length.get_length() : -1);
      }
    }
    ports.push_back(std::move(port));
  }
  return ports;
}

class OpenVinoIrRequest final : public IrRequest {
 public:
  explicit OpenVinoIrRequest(ov::CompiledModel model)
      : model_(std::move(model)), request_(model_.create_infer_request()) {
    for (const auto& input : model_.inputs()) inputs_.emplace(name_of(input), input);
    for (const auto& output : model_.outputs()) outputs_.emplace(name_of(output), output);
  }

  Status set_floats(std::string_view input, std::span<const float> numbers) override {
    return set(input, numbers);
  }
  Status set_integers(std::string_view input, std::span<const std::int64_t> numbers) override {
    return set(input, numbers);
  }

  Status run() override {
    return with_engine("run a model", [this] -> Status {
      request_.infer();
      return {};
    });
  }

  Result<std::span<const float>> output(std::string_view name) override {
    return with_engine("read an output", [&] -> Result<std::span<const float>> {
      const auto found = outputs_.find(name);
      if (found == outputs_.end()) return no_port("output", name);
      const ov::Tensor tensor = request_.get_tensor(found->second);
      if (tensor.get_element_type() == ov::element::f32) {
        return std::span<const float>(tensor.data<const float>(), tensor.get_size());
      }
      if (tensor.get_element_type() != ov::element::f16) return wrong_type(name, tensor);
      const auto* const halves = tensor.data<const ov::float16>();
      converted_.assign(halves, halves + tensor.get_size());
      return std::span<const float>(converted_);
    });
  }

  Result<std::vector<std::size_t>> output_shape(std::string_view name) override {
    return with_engine("read an output", [&] -> Result<std::vector<std::size_t>> {
      const auto found = outputs_.find(name);
      if (found == outputs_.end()) return no_port("output", name);
      const ov::Shape shape = request_.get_tensor(found->second).get_shape();
      return std::vector<std::size_t>(shape.begin(), shape.end());
    });
  }

 private:
  static Error no_port(std::string_view kind, std::string_view name) {
    return invalid_input(fmt::format("the model has no {} '{}'", kind, name));
  }
  static Error wrong_type(std::string_view name, const ov::Tensor& tensor) {
    return invalid_input(fmt::format("'{}' holds numbers of the type {}, which is not read here",
                                     name, tensor.get_element_type().get_type_name()));
  }

  template <typename Into, typename From>
  static void copy(std::span<const From> numbers, ov::Tensor& tensor) {
    std::ranges::transform(numbers, tensor.data<Into>(),
                           [](From number) { return static_cast<Into>(number); });
  }

  template <typename From>
  Status set(std::string_view input, std::span<const From> numbers) {
    return with_engine("set an input", [&] -> Status {
      const auto found = inputs_.find(input);
      if (found == inputs_.end()) return no_port("input", input);
      ov::Tensor tensor = request_.get_tensor(found->second);
      if (tensor.get_size() != numbers.size()) {
        return invalid_input(
            fmt::format("'{}' takes {} numbers, not {}", input, tensor.get_size(), numbers.size()));
      }
      const ov::element::Type type = tensor.get_element_type();
      if (type == ov::element::f32) {
        copy<float>(numbers, tensor);
      } else if (type == ov::element::f16) {
        std::ranges::transform(numbers, tensor.data<ov::float16>(),
                               [](From number) { return ov::float16(static_cast<float>(number)); });
      } else if (type == ov::element::i64) {
        copy<std::int64_t>(numbers, tensor);
      } else if (type == ov::element::i32) {
        copy<std::int32_t>(numbers, tensor);
      } else {
        return wrong_type(input, tensor);
      }
      return {};
    });
  }

  ov::CompiledModel model_;
  ov::InferRequest request_;
  std::map<std::string, ov::Output<const ov::Node>, std::less<>> inputs_;
  std::map<std::string, ov::Output<const ov::Node>, std::less<>> outputs_;
  std::vector<float> converted_;
};

class OpenVinoIrModel final : public IrModel {
 public:
  OpenVinoIrModel(ov::Core& core, Engine& engine, std::shared_ptr<ov::Model> model,
                  std::string file)
      : core_(core), engine_(engine), model_(std::move(model)), file_(std::move(file)) {
    const std::shared_ptr<const ov::Model> read = model_;
    inputs_ = ports_of(read->inputs());
    outputs_ = ports_of(read->outputs());
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      outputs_[i].operation = operation_of(read->output(i));
    }
  }

  const std::vector<IrPort>& inputs() const override { return inputs_; }
  const std::vector<IrPort>& outputs() const override { return outputs_; }

  Result<std::unique_ptr<IrRequest>> compile(const IrCompileOptions& options) override {
    ASSIGN_OR_RETURN(const Device device, engine_.find_device(options.device));
    return with_engine("load " + file_, [&] -> Result<std::unique_ptr<IrRequest>> {
      const std::shared_ptr<ov::Model> shaped = model_->clone();
      std::map<std::string, ov::PartialShape> shapes;
      for (const auto& [name, shape] : options.shapes) {
        shapes.emplace(name, ov::PartialShape(ov::Shape(shape.begin(), shape.end())));
      }
      if (!shapes.empty()) shaped->reshape(shapes);
      const bool is_bf16 = resolve(options.precision, device) == Precision::kBf16;
      const ov::AnyMap settings = {
          ov::hint::inference_precision(is_bf16 ? ov::element::bf16 : ov::element::f32),
          ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY)};
      return std::make_unique<OpenVinoIrRequest>(
          core_.compile_model(shaped, device.name, settings));
    });
  }

 private:
  ov::Core& core_;
  Engine& engine_;
  std::shared_ptr<ov::Model> model_;
  std::string file_;
  std::vector<IrPort> inputs_;
  std::vector<IrPort> outputs_;
};

}  // namespace

Result<std::unique_ptr<IrModel>> read_openvino_model(ov::Core& core, Engine& engine,
                                                     const std::string& graph, GraphFormat format) {
  const std::string reader_name = format == GraphFormat::kOnnx ? "onnx" : "ir";
  try {
    // Core::read_model() tries the readers of all formats on a file that the one of its own
    // refuses, and these write to stderr.
    ov::frontend::FrontEndManager manager;
    const std::vector<std::string> readers = manager.get_available_front_ends();
    if (std::ranges::find(readers, reader_name) == readers.end()) {
      return missing(fmt::format(
          "{} cannot be read: the engine's reader of {} is not there; install the whole package",
          graph, reader_name));
    }
    const ov::frontend::FrontEnd::Ptr reader = manager.load_by_framework(reader_name);
    return std::make_unique<OpenVinoIrModel>(core, engine, reader->convert(reader->load(graph)),
                                             graph);
  } catch (const std::exception& exception) {
    return corrupt(fmt::format("{} cannot be read: {}", graph, engine_words(exception)));
  }
}

}  // namespace assay::models

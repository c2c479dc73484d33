#include "classification/image_classifier.h"

#include "models/ir_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <utility>

namespace assay::classification {
namespace {

constexpr std::size_t kInputRank = 4;
constexpr std::int64_t kNumColours = 3;
constexpr std::string_view kOutputName = "logits";
constexpr std::uint8_t kGrey = 128;
/// By how much the longer side of an image may exceed the shorter.
constexpr std::uint32_t kMaxAspect = 500;

std::string text_of(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t length : shape) {
    text += text.empty() ? "" : ", ";
    text += length < 0 ? "any" : fmt::format("{}", length);
  }
  return fmt::format("[{}]", text);
}

bool fits(std::int64_t length, std::int64_t wanted) { return length < 0 || length == wanted; }

/// Errors: kInvalidInput.
Result<models::IrPort> find_input(const models::IrModel& graph,
                                  const ClassifierDescription& model) {
  const std::string file = model.graph.string();
  if (graph.inputs().size() != 1) {
    return invalid_input(
        fmt::format("{}: expected one input, for the pixels of an image; it has {}", file,
                    graph.inputs().size()));
  }
  const models::IrPort& input = graph.inputs().front();
  const images::ImageSize size = model.preprocessing.input_size();
  const std::vector<std::int64_t>& shape = input.shape;
  if (!shape.empty() &&
      (shape.size() != kInputRank || !fits(shape[0], 1) || !fits(shape[1], kNumColours))) {
    return invalid_input(
        fmt::format("{}: the input {} has the shape {}; expected [any, 3, height, width]", file,
                    input.name, text_of(shape)));
  }
  if (!shape.empty() && (!fits(shape[2], size.height) || !fits(shape[3], size.width))) {
    return invalid_input(fmt::format(
        "{}: the input {} is made for {} x {} pixels, but preprocessor_config.json makes images of "
        "{} x {} (size, crop_size)",
        file, input.name, shape[3], shape[2], size.width, size.height));
  }
  return input;
}

/// Errors: kInvalidInput.
Result<models::IrPort> find_output(const models::IrModel& graph,
                                   const ClassifierDescription& model) {
  if (graph.outputs().size() == 1) return graph.outputs().front();
  if (const models::IrPort* const named = models::find_port(graph.outputs(), kOutputName)) {
    return *named;
  }
  return invalid_input(fmt::format("{}: expected one output, or one that is called {}; it has {}",
                                   model.graph.string(), kOutputName, graph.outputs().size()));
}

/// Whether the graph ends in what makes probabilities: then it is not done a second time.
bool gives_probabilities(const models::IrPort& output, LabelRule rule) {
  return output.operation == (rule == LabelRule::kEach ? "Sigmoid" : "Softmax");
}

std::vector<double> softmax(std::span<const float> outputs) {
  const double most = *std::ranges::max_element(outputs);
  std::vector<double> shares;
  double sum = 0;
  for (const float output : outputs) {
    shares.push_back(std::exp(double{output} - most));
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::vector<double> sigmoids(std::span<const float> outputs) {
  std::vector<double> shares;
  for (const float output : outputs) shares.push_back(1 / (1 + std::exp(-double{output})));
  return shares;
}

}  // namespace

struct ImageClassifier::Loaded {
  ClassifierDescription model;
  std::unique_ptr<models::IrRequest> request;
  std::string input = {};
  models::IrPort output = {};
  std::timed_mutex mutex = {};  // guards request

  /// Pre: the mutex is held.
  Result<std::vector<double>> run(const images::Image& image) {
    RETURN_IF_ERROR(request->set_floats(input, prepare(image, model.preprocessing)));
    RETURN_IF_ERROR(request->run());
    ASSIGN_OR_RETURN(const std::span<const float> outputs, request->output(output.name));
    if (outputs.size() != model.labels.names.size()) {
      return invalid_input(fmt::format(
          "{}: the output {} holds {} numbers, but config.json names {} labels "
          "(id2label)",
          model.graph.string(), output.name, outputs.size(), model.labels.names.size()));
    }
    if (!std::ranges::all_of(outputs, [](float number) { return std::isfinite(number); })) {
      return corrupt(
          fmt::format("{}: the output {} is not finite", model.graph.string(), output.name));
    }
    if (gives_probabilities(output, model.labels.rule)) return {{outputs.begin(), outputs.end()}};
    return model.labels.rule == LabelRule::kEach ? sigmoids(outputs) : softmax(outputs);
  }
};

ImageClassifier::ImageClassifier(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
ImageClassifier::ImageClassifier(ImageClassifier&&) noexcept = default;
ImageClassifier::~ImageClassifier() = default;

const ClassifierDescription& ImageClassifier::description() const { return loaded_->model; }

Result<ImageClassifier> ImageClassifier::load(ClassifierDescription model,
                                              const ClassifierOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<models::IrModel> graph,
                   model.format == ModelFormat::kOnnx ? models::open_onnx_model(model.graph)
                                                      : models::open_ir_model(model.graph));
  ASSIGN_OR_RETURN(models::IrPort input, find_input(*graph, model));
  ASSIGN_OR_RETURN(models::IrPort output, find_output(*graph, model));
  const images::ImageSize size = model.preprocessing.input_size();
  models::IrCompileOptions compile{.device = options.device, .precision = options.precision};
  compile.shapes[input.name] = {1, static_cast<std::size_t>(kNumColours), size.height, size.width};
  ASSIGN_OR_RETURN(auto request, graph->compile(compile));
  auto loaded = std::make_unique<Loaded>();
  loaded->model = std::move(model);
  loaded->request = std::move(request);
  loaded->input = std::move(input.name);
  loaded->output = std::move(output);
  // What does not fit shows itself now, not at the first image.
  images::Image grey = images::Image::with_size(size);
  std::ranges::fill(grey.pixels(), kGrey);
  if (const auto tried = loaded->run(grey); !tried) return Error(tried.error());
  return ImageClassifier(std::move(loaded));
}

Result<std::vector<double>> ImageClassifier::classify(const images::Image& image,
                                                      std::chrono::milliseconds patience) const {
  const auto [shorter, longer] = std::minmax({image.width(), image.height()});
  if (longer / shorter > kMaxAspect) {
    return invalid_input(fmt::format("an image of {} x {} pixels is too long and thin to look at",
                                     image.width(), image.height()));
  }
  const std::unique_lock turn(loaded_->mutex, patience);
  if (!turn.owns_lock()) return timed_out("the model had no turn for this image in time");
  return loaded_->run(image);
}

}  // namespace assay::classification

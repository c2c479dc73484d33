#include "classification/classifier_files.h"

#include "files/atomic_file.h"
#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace assay::classification {
namespace {

/// The labels of ImageNet take some 60 KB.
constexpr ByteCount kMaxConfigSize{4U << 20};
constexpr std::int64_t kMaxLabels = 100'000;
constexpr std::string_view kOnnxFolder = "onnx";

Error expected_labels(std::string_view what) {
  return invalid_input(fmt::format("id2label: expected {}", what));
}

/// Errors: kInvalidInput.
Result<std::vector<std::string>> read_names(const json::Value& config) {
  const json::Value* const names = config.find("id2label");
  if (names == nullptr || names->is_null()) {
    const json::Value* const count = config.find("num_labels");
    const auto number = count == nullptr ? std::nullopt : count->integer();
    if (!number || *number < 1 || *number > kMaxLabels) {
      return expected_labels(R"(the labels by number, such as {"0": "None", "1": "Roadwork"})");
    }
    std::vector<std::string> made;
    made.reserve(static_cast<std::size_t>(*number));
    for (std::int64_t i = 0; i < *number; ++i) made.push_back(fmt::format("LABEL_{}", i));
    return made;
  }
  const json::Value::Object* const object = names->object();
  if (object == nullptr || object->empty()) return expected_labels("labels by number");
  std::vector<std::string> read;
  for (std::size_t i = 0; i < object->size(); ++i) {
    const json::Value* const name = names->find(fmt::format("{}", i));
    if (name == nullptr || name->text() == nullptr) {
      return expected_labels(
          fmt::format("a text for each number from 0 to {}, also for {}", object->size() - 1, i));
    }
    read.push_back(*name->text());
  }
  return read;
}

/// Errors: kMissing, kCorrupt, kExhausted.
Result<std::string> read_config(files::FileSystem& file_system, const std::filesystem::path& path,
                                std::string_view purpose) {
  auto text = files::read_file(file_system, path, kMaxConfigSize);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return missing(fmt::format("{} is not there: {}; copy it from where the model comes from",
                               path.string(), purpose));
  }
  return text;
}

/// Errors: kMissing.
Result<std::filesystem::path> find_graph(files::FileSystem& file_system,
                                         const std::filesystem::path& path, ModelFormat format) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return missing(fmt::format("{} is not there", path.string()));
  if (info->kind != files::FileKind::kFolder) return path;
  std::vector<std::filesystem::path> candidates = {path / "openvino_model.xml"};
  if (format == ModelFormat::kOnnx) {
    candidates = {path / "model.onnx", path / kOnnxFolder / "model.onnx"};
  }
  for (const std::filesystem::path& candidate : candidates) {
    ASSIGN_OR_RETURN(const auto found, file_system.info(candidate));
    if (found) return candidate;
  }
  return missing(
      fmt::format("{} is not there; name the file, if it is called otherwise, or export the model "
                  "with `optimum-cli export {}`",
                  candidates.front().string(), format == ModelFormat::kOnnx ? "onnx" : "openvino"));
}

/// Where the model's config files lie.
Result<std::filesystem::path> folder_of(files::FileSystem& file_system,
                                        const std::filesystem::path& graph) {
  std::filesystem::path folder = graph.parent_path();
  ASSIGN_OR_RETURN(const auto config, file_system.info(folder / "config.json"));
  if (!config && folder.filename() == kOnnxFolder) return folder.parent_path();
  return folder;
}

}  // namespace

Result<LabelSet> parse_labels(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value config, json::parse(text));
  if (config.object() == nullptr) return corrupt("expected a JSON object");
  LabelSet labels;
  ASSIGN_OR_RETURN(labels.names, read_names(config));
  const json::Value* const problem = config.find("problem_type");
  const bool is_multi = problem != nullptr && problem->text() != nullptr &&
                        *problem->text() == "multi_label_classification";
  if (is_multi || labels.names.size() == 1) labels.rule = LabelRule::kEach;
  return labels;
}

Result<ClassifierDescription> describe_classifier(files::FileSystem& file_system,
                                                  const std::filesystem::path& path,
                                                  ModelFormat format) {
  ClassifierDescription model{.format = format};
  ASSIGN_OR_RETURN(model.graph, find_graph(file_system, path, format));
  ASSIGN_OR_RETURN(const std::filesystem::path folder, folder_of(file_system, model.graph));
  const std::filesystem::path config = folder / "config.json";
  ASSIGN_OR_RETURN(const std::string labels,
                   read_config(file_system, config, "it names the model's labels"));
  ASSIGN_OR_RETURN(model.labels, with_context(parse_labels(labels), config.string()));
  const std::filesystem::path preprocessor = folder / "preprocessor_config.json";
  ASSIGN_OR_RETURN(
      const std::string preprocessing,
      read_config(file_system, preprocessor, "it says how images are prepared for the model"));
  ASSIGN_OR_RETURN(model.preprocessing,
                   with_context(parse_preprocessing(preprocessing), preprocessor.string()));
  return model;
}

}  // namespace assay::classification

/// \file
/// What the files beside a model of image classification say of it.

#pragma once

#include "classification/preprocessing.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace assay::classification {

enum class ModelFormat : std::uint8_t {
  kOnnx,  ///< `model.onnx`
  kIr,    ///< The engine's own: `openvino_model.xml`, with `openvino_model.bin`.
};

/// How outputs become probabilities.
enum class LabelRule : std::uint8_t {
  kOneOf,  ///< One label holds: softmax over all.
  kEach,   ///< Each may hold or not: a sigmoid each. A single label is always of this kind.
};

struct LabelSet {
  /// By the place of the output. Never empty.
  std::vector<std::string> names = {};
  LabelRule rule = LabelRule::kOneOf;
};

struct ClassifierDescription {
  ModelFormat format = ModelFormat::kOnnx;
  std::filesystem::path graph = {};
  LabelSet labels = {};
  Preprocessing preprocessing = {};
};

/// Read config.json: `id2label`, else `num_labels` for LABEL_0, LABEL_1 ...; and `problem_type`.
/// Errors: kCorrupt (no JSON object), kInvalidInput (names the field, and what was expected).
Result<LabelSet> parse_labels(std::string_view text);

/// Find the parts of a model in `path`: its graph, or the folder of one as Hugging Face's tools
/// write it (`model.onnx`, also in `onnx/`, or `openvino_model.xml`). config.json and
/// preprocessor_config.json lie beside the graph, or, if that lies in a folder `onnx`, above.
/// Errors: kMissing (names the file that is not there), and those of parse_labels() and
///         parse_preprocessing(), with the file's name.
Result<ClassifierDescription> describe_classifier(files::FileSystem& file_system,
                                                  const std::filesystem::path& path,
                                                  ModelFormat format);

}  // namespace assay::classification
